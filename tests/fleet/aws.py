"""moto's server as S3 is: one request after another, so that a conditional put is decided by one of two writers.

    aws.py PORT REQUESTS.jsonl

moto itself looks whether a key is there and then writes it, with a gap between the two in which another thread may do the same.
It answers for Google Cloud Storage too. What is asked of Batch is written to REQUESTS.jsonl as it came: moto's answers leave parts of it out.
"""

import io
import json
import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


# moto asks who it is, and believes every signature.
SOMEBODY = "AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def one_at_a_time(application, requests):
    lock = threading.Lock()

    def answer(environ, start_response):
        # All of it first, so that nobody waits for a slow sender.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        # Google Cloud Storage's XML interface is S3's, but for who asks and for the words of a condition.
        if environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer"):
            environ["HTTP_AUTHORIZATION"] = SOMEBODY
        if environ.get("HTTP_X_GOOG_IF_GENERATION_MATCH") == "0":
            environ["HTTP_IF_NONE_MATCH"] = "*"
        with lock:
            if environ["PATH_INFO"].startswith("/v1/"):
                with open(requests, "a", encoding="utf-8") as file:
                    json.dump({"path": environ["PATH_INFO"], "body": json.loads(body or b"{}")}, file)
                    file.write("\n")
            return list(application(environ, start_response))

    return answer


if __name__ == "__main__":
    port, requests = sys.argv[1:]
    backends = DomainDispatcherApplication(create_backend_app)
    application = one_at_a_time(backends, requests)
    run_simple("127.0.0.1", int(port), application, threaded=True, request_handler=MotoRequestHandler)
