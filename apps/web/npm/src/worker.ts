// The worker: one engine, one request after the other. An error is an answer; after a trap the module is not used again.
import { Engine, type Matte } from "./engine.js";
import { upload, writeFrame } from "./pictures.js";
import type { Calls, FileType, Kind, Reply, Request } from "./protocol.js";

type Answer<K extends Kind> = Promise<{ value: Calls[K]["reply"]; transfer?: Transferable[] }>;

let engine: Engine | undefined;
let broken: string | undefined;

function loaded(): Engine {
  if (broken !== undefined) throw new Error(broken);
  if (engine === undefined) throw new Error("the engine was not started");
  return engine;
}

const answers: { [K in Kind]: (request: Calls[K]["request"]) => Answer<K> } = {
  async start({ module }) {
    engine = await Engine.load(module);
    return { value: engine.effects() };
  },
  async choose({ effect, options, pictures }) {
    const engine = loaded();
    for (const [option, picture] of Object.entries(pictures)) {
      await upload(engine, picture);
      engine.takePicture(option);
    }
    engine.choose(effect, options);
    return { value: undefined };
  },
  async logo({ picture }) {
    await upload(loaded(), picture);
    loaded().takeLogo();
    return { value: undefined };
  },
  async open({ picture }) {
    const engine = loaded();
    await upload(engine, picture);
    engine.takeFrame();
    return { value: { width: engine.width, height: engine.height } };
  },
  async original() {
    const engine = loaded();
    return pixels(engine, engine.frame().slice());
  },
  async segment() {
    return { value: loaded().segment("still") };
  },
  async mask() {
    const mask = loaded().mask();
    return { value: mask, transfer: [mask.buffer] };
  },
  async compose({ matte, logo }) {
    const engine = loaded();
    engine.compose(logo);
    return pixels(engine, engine.output(matte).slice());
  },
  async view({ what, side }) {
    const engine = loaded();
    const data = what === "original" ? engine.frame() : engine.output();
    const { width, height } = engine;
    const scale = Math.min(1, side / Math.max(width, height));
    const size = (length: number) => Math.max(1, Math.round(length * scale));
    const picture = new ImageData(new Uint8ClampedArray(data), width, height);
    const bitmap = await createImageBitmap(picture, {
      resizeWidth: size(width),
      resizeHeight: size(height),
      resizeQuality: "medium",
    });
    return { value: bitmap, transfer: [bitmap] };
  },
  async save({ type, quality, logo }) {
    const engine = loaded();
    engine.compose(logo);
    return { value: await file(engine, type, quality) };
  },
  async live({ frame, matte, logo, before: wanted }) {
    let before: VideoFrame | ImageBitmap | undefined;
    try {
      const engine = loaded();
      await writeFrame(engine, frame);
      const verdict = engine.segment("live");
      engine.compose(logo);
      const composed = await drawn(engine, frame, matte);
      if (wanted) before = frame;
      return { value: { frame: composed, before, verdict }, transfer: before ? [composed, before] : [composed] };
    } finally {
      if (before === undefined) frame.close();
    }
  },
};

function pixels(engine: Engine, data: Uint8Array<ArrayBuffer>) {
  return { value: { width: engine.width, height: engine.height, data }, transfer: [data.buffer] };
}

async function drawn(engine: Engine, frame: VideoFrame | ImageBitmap, matte: Matte): Promise<VideoFrame | ImageBitmap> {
  const data = engine.output(matte);
  const { width, height } = engine;
  if (frame instanceof ImageBitmap) return createImageBitmap(opaque(data, width, height));
  const { timestamp } = frame;
  return new VideoFrame(data, { format: "RGBX", codedWidth: width, codedHeight: height, timestamp });
}

function opaque(data: Uint8Array<ArrayBuffer>, width: number, height: number): ImageData {
  return new ImageData(new Uint8ClampedArray(data.buffer, data.byteOffset, data.length), width, height);
}

async function file(engine: Engine, type: FileType, quality: number): Promise<Blob> {
  if (type === "image/png") return new Blob([engine.png()], { type });
  const canvas = new OffscreenCanvas(engine.width, engine.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no 2d canvas in this worker");
  // A JPEG has no alpha; on white every pixel is opaque, and a canvas keeps opaque pixels as they are.
  context.putImageData(opaque(engine.output("#ffffff"), engine.width, engine.height), 0, 0);
  return canvas.convertToBlob({ type, quality });
}

async function answer(request: Request): Promise<void> {
  let reply: Reply;
  let transfer: Transferable[] = [];
  try {
    const done = await (answers[request.kind] as (request: Request) => Answer<Kind>)(request);
    reply = { id: request.id, value: done.value };
    transfer = done.transfer ?? [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof WebAssembly.RuntimeError) broken = `the engine stopped: ${reason}`;
    reply = { id: request.id, error: broken ?? reason };
  }
  postMessage(reply, { transfer });
}

let queue = Promise.resolve();

addEventListener("message", (event: MessageEvent<Request>) => {
  queue = queue.then(() => answer(event.data));
});
