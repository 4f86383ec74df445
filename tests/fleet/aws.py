"""moto's server as S3 is: one request after another, so that a conditional put is decided by one of two writers.

    aws.py PORT REQUESTS.jsonl

moto itself looks whether a key is there and then writes it, with a gap between the two in which another thread may do the same.
What is asked of Batch is written to REQUESTS.jsonl as it came: moto's answers leave parts of it out.
"""

import io
import json
import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


def one_at_a_time(application, requests):
    lock = threading.Lock()

    def answer(environ, start_response):
        # All of it first, so that nobody waits for a slow sender.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
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
