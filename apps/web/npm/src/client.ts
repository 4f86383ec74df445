// The page's end of the conversation with a worker, with an end to waiting: a worker that dies says nothing.
import type { Calls, Kind, Reply } from "./protocol.js";

/** Why a call got no answer, or a refusal. `fatal` says that the worker is gone. */
export class HyperCutError extends Error {
  override readonly name = "HyperCutError";
  constructor(
    message: string,
    readonly fatal = false,
  ) {
    super(message);
  }
}

interface Pending {
  resolve(value: never): void;
  reject(error: HyperCutError): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** One worker, called like a function. After a fatal error every call is refused. */
export class Client {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #fault: HyperCutError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<Reply>) => this.#take(event.data));
    worker.addEventListener("messageerror", () => this.#die("the worker's answer could not be read"));
    worker.addEventListener("error", (event) => this.#die(`the worker failed: ${event.message || "it could not be loaded"}`));
  }

  /** Whether the worker is gone. */
  get dead(): boolean {
    return this.#fault !== undefined;
  }

  /**
   * Calls the worker. With `patience`, in milliseconds, a call without an answer by then means that the worker has died.
   */
  call<K extends Kind>(
    kind: K,
    request: Calls[K]["request"],
    { transfer = [], patience }: { transfer?: Transferable[]; patience?: number } = {},
  ): Promise<Calls[K]["reply"]> {
    if (this.#fault) return Promise.reject(this.#fault);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer =
        patience === undefined
          ? undefined
          : setTimeout(() => this.#die(`the worker did not answer within ${patience / 1000} s`), patience);
      this.#pending.set(id, { resolve, reject, timer });
      this.#worker.postMessage({ ...request, id, kind }, transfer);
    });
  }

  close(): void {
    this.#die("the worker was closed");
  }

  #take(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) {
      if ("value" in reply) closeFrame(reply.value);
      return;
    }
    this.#pending.delete(reply.id);
    clearTimeout(pending.timer);
    if ("value" in reply) pending.resolve(reply.value as never);
    else if (reply.error.startsWith("the engine stopped")) {
      pending.reject(new HyperCutError(reply.error, true));
      this.#die(reply.error);
    } else pending.reject(new HyperCutError(reply.error));
  }

  #die(reason: string): void {
    if (this.#fault) return;
    this.#fault = new HyperCutError(reason, true);
    this.#worker.terminate();
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(this.#fault);
    }
    this.#pending.clear();
  }
}

/** A composed frame that comes too late for anybody holds memory until it is closed. */
function closeFrame(value: unknown): void {
  const late = value as { frame?: { close?(): void }; before?: { close?(): void } } | undefined;
  late?.frame?.close?.();
  late?.before?.close?.();
}
