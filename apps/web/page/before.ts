// The camera as it is, beside the result: frames that came back from the worker with what it composed of them, and no others.

/** Milliseconds without a new frame after which the old one is taken away; more where frames take long, up to a second. */
const SILENCE = 150;

/** Shows frames on a canvas, and nothing as soon as they stop coming. */
export class Before {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.hide();
  }

  /** Shows a frame and closes it. `usual` is what a frame takes, in milliseconds (NaN while that is unknown). */
  show(frame: VideoFrame | ImageBitmap, usual: number): void {
    clearTimeout(this.#silence);
    const [width, height] =
      frame instanceof ImageBitmap ? [frame.width, frame.height] : [frame.displayWidth, frame.displayHeight];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      [this.#canvas.width, this.#canvas.height] = [width, height];
    }
    this.#context?.drawImage(frame, 0, 0);
    frame.close();
    this.#canvas.hidden = false;
    this.#silence = setTimeout(() => this.hide(), Math.min(1000, Math.max(SILENCE, 3 * (usual || 0))));
  }

  /** Takes the picture away and forgets its pixels. */
  hide(): void {
    clearTimeout(this.#silence);
    this.#canvas.hidden = true;
    this.#context?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }
}
