// Ways for frames: out of a track, and into another. The processor alone decides what goes in.
import { support } from "./support.js";

export type LiveFrame = VideoFrame | ImageBitmap;

/** Frames out of one track and into another. */
export interface Passage {
  /** What others see. */
  readonly track: MediaStreamTrack;
  /** The newest frame, or nothing once the source has ended. The caller closes it. */
  next(): Promise<LiveFrame | undefined>;
  /** Shows a frame and closes it. */
  write(frame: LiveFrame): Promise<void>;
  /** A plain frame for times when there is nothing that may be shown. */
  placeholder(width: number, height: number): LiveFrame;
  close(): void;
}

/** The best way that this browser has; `canvas` asks for the one by way of a canvas. */
export function passage(source: MediaStreamTrack, way: "best" | "canvas"): Promise<Passage> {
  return way === "best" && support().insertableStreams ? Promise.resolve(streams(source)) : canvas(source);
}

function painted(width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context !== null) {
    context.fillStyle = "#30343b";
    context.fillRect(0, 0, width, height);
  }
  return canvas;
}

function streams(source: MediaStreamTrack): Passage {
  const reader = new MediaStreamTrackProcessor({ track: source, maxBufferSize: 1 }).readable.getReader();
  const generator = new MediaStreamTrackGenerator({ kind: "video" });
  const writer = generator.writable.getWriter();
  let last = 0;
  return {
    track: generator,
    async next() {
      const { value } = await reader.read();
      return value;
    },
    async write(frame) {
      if (!(frame instanceof VideoFrame)) throw new TypeError("a stream takes video frames");
      last = frame.timestamp;
      await writer.write(frame);
    },
    placeholder: (width, height) => new VideoFrame(painted(width, height), { timestamp: last + 1 }),
    close() {
      reader.cancel().catch(() => undefined);
      writer.close().catch(() => undefined);
      generator.stop();
    },
  };
}

async function canvas(source: MediaStreamTrack): Promise<Passage> {
  // Never in the document: this element shows the camera as it is.
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([source]);
  await video.play();
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  const track = canvas.captureStream().getVideoTracks()[0];
  if (context === null || track === undefined) throw new Error("this browser captures no canvas");
  let closed = false;
  let wake = (): void => undefined;
  const shown = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(() => resolve());
      else requestAnimationFrame(() => resolve());
    });
  return {
    track,
    async next() {
      await shown();
      if (closed || source.readyState === "ended") return undefined;
      return createImageBitmap(video);
    },
    async write(frame) {
      if (!(frame instanceof ImageBitmap)) throw new TypeError("a canvas takes bitmaps");
      if (canvas.width !== frame.width || canvas.height !== frame.height) {
        canvas.width = frame.width;
        canvas.height = frame.height;
      }
      context.drawImage(frame, 0, 0);
      frame.close();
    },
    placeholder: (width, height) => painted(width, height).transferToImageBitmap(),
    close() {
      closed = true;
      wake();
      video.srcObject = null;
      track.stop();
    },
  };
}
