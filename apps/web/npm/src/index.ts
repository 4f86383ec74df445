export { HyperCutError } from "./client.js";
export type { EffectOptions } from "./effect.js";
export type { EffectInfo, Matte, OptionInfo, Pixels, Verdict } from "./engine.js";
export type { EngineOptions } from "./launch.js";
export { BackgroundProcessor, type ProcessorOptions, type ProcessorState, type ProcessorStats } from "./processor.js";
export type { FileType, PictureSource } from "./protocol.js";
export { type Mask, type SaveOptions, Segmenter, createSegmenter } from "./segmenter.js";
export { type Support, isSupported, support } from "./support.js";
