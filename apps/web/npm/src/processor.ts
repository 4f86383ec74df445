// A camera's track in, a track with the effect out. Fails closed: only composed frames and placeholders are ever written.
import { type Client, HyperCutError } from "./client.js";
import { type EffectOptions, choose } from "./effect.js";
import type { EffectInfo, Matte, Verdict } from "./engine.js";
import { type EngineOptions, launch } from "./launch.js";
import { type LiveFrame, type Passage, passage } from "./passage.js";
import type { Calls, PictureSource } from "./protocol.js";
import type { SaveOptions } from "./segmenter.js";
import { Times } from "./times.js";

/** How a processor works. */
export interface ProcessorOptions extends EngineOptions {
  /** The effect to begin with; the library's first when left out. */
  effect?: string;
  effectOptions?: EffectOptions;
  /** A video has no transparency: what a cut-out is laid on. */
  matte?: Matte;
  /** While the engine is down: go on showing the last composed frame (`hold`, the default), or a plain one (`placeholder`). */
  onFailure?: "hold" | "placeholder";
  /** How often a dead worker is replaced; then the track stays as it is until {@link BackgroundProcessor.stop}. */
  restarts?: number;
  /** `canvas` keeps off insertable streams. */
  way?: "best" | "canvas";
}

/** `running`: frames are composed. `recovering`: the worker has died and another is on its way. `failed`: none will come. */
export type ProcessorState = "idle" | "running" | "recovering" | "failed" | "stopped";

/** Numbers since the start. Times are those of the last 300 frames, in milliseconds from reading a frame to showing it composed. */
export interface ProcessorStats {
  readonly composed: number;
  readonly refused: number;
  readonly restarts: number;
  readonly p50: number;
  readonly p95: number;
}

/** An answer later than this (ms) means that the worker is dead; the first frame may take longer, as code is compiled. */
const PATIENCE = 2_000;
const FIRST_PATIENCE = 10_000;

/** A worker that came back and composed this many frames is well again, and its failure forgotten. */
const WELL_AFTER = 300;

/**
 * Draws an effect on a video track.
 *
 * Events: `statechange`, `verdict` (a change of what is found); read {@link state}, {@link error} and {@link verdict} then.
 */
export class BackgroundProcessor extends EventTarget {
  readonly #options: ProcessorOptions;
  readonly #times = new Times(300);
  #client: Client | undefined;
  #passage: Passage | undefined;
  #effects: readonly EffectInfo[] = [];
  #chosen: { effect: string; options: EffectOptions } | undefined;
  #logo: PictureSource | undefined;
  #state: ProcessorState = "idle";
  #error: HyperCutError | undefined;
  #verdict: Verdict | undefined;
  #counts = { composed: 0, refused: 0, restarts: 0 };
  #sinceFailure = 0;
  #failures = 0;
  #size = { width: 640, height: 480 };

  /** Whether the logo is drawn on every frame. */
  logo = false;

  /**
   * For a view of before and after: called with each frame as the camera gave it, after the same frame was written composed; the
   * callee closes it. There is no call for a frame that was not composed, so whoever hides an old picture shows none while the
   * engine is down. Leave it out when nobody looks: nothing else lets a camera's frame out of the worker.
   */
  before: ((frame: VideoFrame | ImageBitmap) => void) | undefined;

  constructor(options: ProcessorOptions = {}) {
    super();
    this.#options = options;
  }

  get state(): ProcessorState {
    return this.#state;
  }

  /** Why frames are not composed at the moment, or why a worker was replaced. */
  get error(): HyperCutError | undefined {
    return this.#error;
  }

  /** What was found in the last frame. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Effects and their options, from the library itself; empty before {@link start}. */
  get effects(): readonly EffectInfo[] {
    return this.#effects;
  }

  get stats(): ProcessorStats {
    return { ...this.#counts, p50: this.#times.quantile(0.5), p95: this.#times.quantile(0.95) };
  }

  /**
   * Begins. Returns the track to show or send; nothing is on it until the first composed frame. The camera's track stays the
   * caller's to stop.
   */
  async start(source: MediaStreamTrack): Promise<MediaStreamTrack> {
    if (this.#state !== "idle") throw new HyperCutError("a processor starts once; make another");
    if (this.#options.effect !== undefined) {
      this.#chosen = { effect: this.#options.effect, options: this.#options.effectOptions ?? {} };
    }
    this.#client = await this.#launch();
    this.#passage = await passage(source, this.#options.way ?? "best");
    this.#enter("running");
    void this.#run(this.#passage);
    return this.#passage.track;
  }

  /** Changes the effect from the next frame on. When it is refused, the old one goes on. */
  async switchTo(effect: string, options: EffectOptions = {}): Promise<void> {
    await choose(this.#connected(), effect, options);
    this.#chosen = { effect, options };
  }

  /** The logo for {@link logo} and {@link takePicture}. */
  async setLogo(picture: PictureSource): Promise<void> {
    await this.#connected().call("logo", { picture });
    this.#logo = picture;
  }

  /** The last frame with its effect as a file, drawn anew at full quality: a cut-out is transparent, with its exact colours. */
  takePicture(options: SaveOptions = {}): Promise<Blob> {
    const { type = "image/png", quality = 0.92, logo = false } = options;
    return this.#connected().call("save", { type, quality, logo });
  }

  /** Ends worker and track. */
  stop(): void {
    if (this.#state === "stopped") return;
    this.#enter("stopped");
    this.#client?.close();
    this.#passage?.close();
  }

  #connected(): Client {
    if (this.#client === undefined || this.#client.dead) {
      throw this.#error ?? new HyperCutError(`the processor is ${this.#state}`);
    }
    return this.#client;
  }

  #enter(state: ProcessorState): void {
    if (this.#state === state || this.#state === "stopped") return;
    this.#state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  /** Whether {@link stop} was called meanwhile, which no type checker can see across an `await`. */
  #stopped(): boolean {
    return this.#state === "stopped";
  }

  async #launch(): Promise<Client> {
    const { client, effects } = await launch(this.#options);
    try {
      if (this.#chosen !== undefined) await choose(client, this.#chosen.effect, this.#chosen.options);
      if (this.#logo !== undefined) await client.call("logo", { picture: this.#logo });
    } catch (error) {
      client.close();
      throw error;
    }
    this.#effects = effects;
    return client;
  }

  async #run(passage: Passage): Promise<void> {
    for (;;) {
      const frame = await passage.next().catch(() => undefined);
      if (frame === undefined) return this.stop();
      if (this.#state !== "running" || this.#client === undefined) {
        frame.close();
        if (this.#stopped()) return;
        continue;
      }
      const begun = performance.now();
      try {
        const { frame: composed, before } = await this.#compose(this.#client, frame);
        try {
          await passage.write(composed);
          this.#times.add(performance.now() - begun);
        } catch (error) {
          before?.close();
          throw error;
        }
        if (before !== undefined) this.#showBefore(before);
        this.#counts.composed++;
        if (++this.#sinceFailure === WELL_AFTER) this.#failures = 0;
      } catch (error) {
        if (this.#stopped()) return;
        await this.#fail(error, passage);
      } finally {
        // A frame that was handed to the worker is closed already, and closing it again does nothing.
        frame.close();
      }
    }
  }

  #showBefore(frame: LiveFrame): void {
    if (this.before === undefined || this.#state !== "running") frame.close();
    else this.before(frame);
  }

  async #compose(client: Client, frame: LiveFrame): Promise<Calls["live"]["reply"]> {
    const patience = this.#sinceFailure === 0 ? FIRST_PATIENCE : PATIENCE;
    this.#size =
      frame instanceof ImageBitmap
        ? { width: frame.width, height: frame.height }
        : { width: frame.displayWidth, height: frame.displayHeight };
    const matte = this.#options.matte ?? "#000000";
    const request = { frame, matte, logo: this.logo, before: this.before !== undefined };
    const reply = await client.call("live", request, { transfer: [frame], patience });
    const changed = reply.verdict.finding !== this.#verdict?.finding;
    this.#verdict = reply.verdict;
    if (changed) this.dispatchEvent(new Event("verdict"));
    return reply;
  }

  async #fail(error: unknown, passage: Passage): Promise<void> {
    this.#error = error instanceof HyperCutError ? error : new HyperCutError(String(error));
    this.#counts.refused++;
    if (this.#options.onFailure === "placeholder" || this.#counts.composed === 0) {
      await passage.write(passage.placeholder(this.#size.width, this.#size.height)).catch(() => undefined);
    }
    if (!this.#client?.dead) return;
    this.#sinceFailure = 0;
    if (this.#failures++ >= (this.#options.restarts ?? 3)) return this.#enter("failed");
    this.#enter("recovering");
    void this.#recover();
  }

  async #recover(): Promise<void> {
    try {
      const client = await this.#launch();
      if (this.#stopped()) return client.close();
      this.#client = client;
      this.#counts.restarts++;
      this.#enter("running");
    } catch (error) {
      this.#error = error instanceof HyperCutError ? error : new HyperCutError(String(error));
      this.#enter("failed");
    }
  }
}
