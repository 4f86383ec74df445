// A worker with the engine in it.
import { Client } from "./client.js";
import type { EffectInfo } from "./engine.js";
import { hasRelaxedSimd, hasSimd } from "./support.js";

/** Where the engine comes from. The defaults are the package's own files, beside its scripts. */
export interface EngineOptions {
  /** Makes the worker; for pages that serve `worker.js` from elsewhere. */
  worker?: () => Worker;
  /** Address of the WebAssembly module, or the module itself. */
  module?: string | URL | WebAssembly.Module;
}

export interface Launched {
  client: Client;
  effects: EffectInfo[];
}

/** Time for a worker to load and compile, in milliseconds. */
const START_PATIENCE = 20_000;

let compiled: { address: string; module: Promise<WebAssembly.Module> } | undefined;

/** Compiled once per page: a worker that is started anew costs no download. */
function compile(address: URL): Promise<WebAssembly.Module> {
  if (compiled?.address !== address.href) {
    const module = WebAssembly.compileStreaming(fetch(address)).catch((error: unknown) => {
      compiled = undefined;
      throw error;
    });
    compiled = { address: address.href, module };
  }
  return compiled.module;
}

/** The package's module for this browser, by addresses that bundlers find. */
function ownModule(): URL {
  if (hasRelaxedSimd()) return new URL("./hypercut-relaxed.wasm", import.meta.url);
  return hasSimd() ? new URL("./hypercut.wasm", import.meta.url) : new URL("./hypercut-plain.wasm", import.meta.url);
}

export async function launch(options: EngineOptions = {}): Promise<Launched> {
  const given = options.module ?? ownModule();
  const module = given instanceof WebAssembly.Module ? given : await compile(new URL(given, location.href));
  const worker =
    options.worker?.() ?? new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "hypercut" });
  const client = new Client(worker);
  try {
    return { client, effects: await client.call("start", { module }, { patience: START_PATIENCE }) };
  } catch (error) {
    client.close();
    throw error;
  }
}
