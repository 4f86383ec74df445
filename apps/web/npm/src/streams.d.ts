// Insertable streams for video tracks (W3C mediacapture-transform, and Chromium's generator), which TypeScript's library lacks.
interface MediaStreamTrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
declare var MediaStreamTrackProcessor: {
  new (init: { track: MediaStreamTrack; maxBufferSize?: number }): MediaStreamTrackProcessor;
};
interface MediaStreamTrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
declare var MediaStreamTrackGenerator: {
  new (init: { kind: "video" }): MediaStreamTrackGenerator;
};
interface VideoFrame {
  readonly rotation?: number;
  readonly flip?: boolean;
}
