// An effect and what it is told.
import type { Client } from "./client.js";
import type { Pixels } from "./engine.js";
import type { PictureSource } from "./protocol.js";

/** What an effect is told, by option; see `EffectInfo.options`. What is left out has its default. */
export type EffectOptions = Record<string, string | number | boolean | PictureSource | undefined>;

function isPicture(value: unknown): value is Blob | Pixels {
  return typeof value === "object" && value !== null && (value instanceof Blob || "data" in value);
}

/** Makes the worker draw with an effect from its next frame on. */
export function choose(client: Client, effect: string, options: EffectOptions = {}): Promise<void> {
  const told = Object.entries(options).filter(([, value]) => value !== undefined);
  return client.call("choose", {
    effect,
    options: Object.fromEntries(told.filter(([, value]) => !isPicture(value))),
    pictures: Object.fromEntries(told.filter(([, value]) => isPicture(value))) as Record<string, PictureSource>,
  });
}
