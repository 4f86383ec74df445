// What the page shows and saves: the camera by way of a `BackgroundProcessor`, a photo by way of a `Segmenter`.
import { BackgroundProcessor, type FileType, type PictureSource, type Segmenter } from "./hypercut/index.js";
import { Before } from "./before.js";
import type { Choice } from "./controls.js";

/** The elements that pictures are shown in. */
export interface Screens {
  live: HTMLVideoElement;
  rawLive: HTMLCanvasElement;
  photo: HTMLCanvasElement;
  rawPhoto: HTMLCanvasElement;
}

/** What a picture is saved with. */
export interface SaveChoice {
  type: FileType;
  logo: boolean;
}

/** A source of pictures that an effect is drawn on. */
export interface Subject {
  apply(choice: Choice): Promise<void>;
  save(choice: SaveChoice): Promise<Blob>;
  setLogo(logo: PictureSource): Promise<void>;
  close(): void;
}

function show(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
}

/** An opened photo. */
export async function openPhoto(segmenter: Segmenter, file: PictureSource, screens: Screens): Promise<Subject> {
  await segmenter.open(file);
  await segmenter.segment();
  show(screens.rawPhoto, await segmenter.view("original"));
  return {
    async apply(choice) {
      await segmenter.switchTo(choice.effect, choice.options);
      await segmenter.compose();
      show(screens.photo, await segmenter.view("result"));
    },
    save: (choice) => segmenter.save(choice),
    setLogo: (logo) => segmenter.setLogo(logo),
    close: () => undefined,
  };
}

/** The camera, with the recording of what it shows. */
export class Camera implements Subject {
  readonly processor: BackgroundProcessor;
  readonly #stream: MediaStream;
  readonly #screens: Screens;
  readonly #before: Before;
  #recorder: MediaRecorder | undefined;

  private constructor(processor: BackgroundProcessor, stream: MediaStream, screens: Screens) {
    this.processor = processor;
    this.#stream = stream;
    this.#screens = screens;
    this.#before = new Before(screens.rawLive);
  }

  static async start(choice: Choice, logo: PictureSource | undefined, screens: Screens): Promise<Camera> {
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };
    const stream = await navigator.mediaDevices.getUserMedia({ video });
    const way = new URLSearchParams(location.search).get("way") === "canvas" ? "canvas" : "best";
    const processor = new BackgroundProcessor({
      effect: choice.effect,
      effectOptions: choice.options,
      matte: "squares",
      way,
    });
    const camera = new Camera(processor, stream, screens);
    try {
      const [track] = stream.getVideoTracks();
      if (track === undefined) throw new Error("the camera gives no video");
      screens.live.srcObject = new MediaStream([await processor.start(track)]);
      if (logo !== undefined) await processor.setLogo(logo);
      void screens.live.play().catch(() => undefined);
      return camera;
    } catch (error) {
      camera.close();
      throw error;
    }
  }

  /** Shows the camera as it is beside the result, or stops that. */
  compare(on: boolean): void {
    const { processor } = this;
    processor.before = on ? (frame) => this.#before.show(frame, processor.stats.p50) : undefined;
    if (!on) this.#before.hide();
  }

  apply(choice: Choice): Promise<void> {
    return this.processor.switchTo(choice.effect, choice.options);
  }

  save(choice: SaveChoice): Promise<Blob> {
    return this.processor.takePicture(choice);
  }

  setLogo(logo: PictureSource): Promise<void> {
    return this.processor.setLogo(logo);
  }

  get recording(): boolean {
    return this.#recorder?.state === "recording";
  }

  /** Records what is shown, with the logo in it, until {@link stopRecording}. */
  record(withLogo: boolean, done: (file: Blob) => void): void {
    const stream = this.#screens.live.srcObject;
    if (!(stream instanceof MediaStream)) throw new Error("the camera is off");
    const types = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
    const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type));
    if (mimeType === undefined) throw new Error("this browser records no video");
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 6_000_000 });
    const parts: Blob[] = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      this.processor.logo = false;
      done(new Blob(parts, { type: mimeType.split(";")[0] ?? mimeType }));
    });
    this.processor.logo = withLogo;
    recorder.start(1000);
    this.#recorder = recorder;
  }

  stopRecording(): void {
    if (this.recording) this.#recorder?.stop();
  }

  close(): void {
    this.stopRecording();
    this.compare(false);
    this.processor.stop();
    this.#stream.getTracks().forEach((track) => track.stop());
    this.#screens.live.srcObject = null;
  }
}
