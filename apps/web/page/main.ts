// The page: wires controls, camera, photo and saving together.
import { type FileType, type PictureSource, type Segmenter, createSegmenter, support } from "./hypercut/index.js";
import { Controls } from "./controls.js";
import { Camera, type SaveChoice, type Screens, type Subject, openPhoto } from "./studio.js";
import { keep } from "./tray.js";

function find<T extends Element>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no \`${id}\``);
}

const stage = find("stage", HTMLDivElement);
const status = find("status", HTMLParagraphElement);
const badge = find("badge", HTMLParagraphElement);
const before = find("before", HTMLDivElement);
const compare = find("compare", HTMLInputElement);
const buttons = {
  camera: find("camera", HTMLButtonElement),
  shoot: find("shoot", HTMLButtonElement),
  record: find("record", HTMLButtonElement),
};
const saved = find("saved", HTMLUListElement);
const logoWanted = find("logo", HTMLInputElement);
const screens: Screens = {
  live: find("live", HTMLVideoElement),
  rawLive: find("raw-live", HTMLCanvasElement),
  photo: find("photo", HTMLCanvasElement),
  rawPhoto: find("raw-photo", HTMLCanvasElement),
};

let subject: Subject | undefined;
let logo: PictureSource | undefined;

function say(text: string, isError = false): void {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Runs what a person asked for; what goes wrong is said, in words. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    say(explain(error), true);
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "NotAllowedError") return "The camera was not allowed. Allow it in the browser's address bar, then start it again.";
  if (error.name === "NotFoundError") return "No camera was found. Open a photo instead.";
  return error.message;
}

function present(what: "nothing" | "camera" | "photo"): void {
  stage.dataset["shows"] = what;
  buttons.camera.textContent = what === "camera" ? "Stop camera" : "Start camera";
  buttons.shoot.textContent = what === "photo" ? "Save picture" : "Take picture";
  buttons.shoot.disabled = what === "nothing";
  buttons.record.disabled = what !== "camera";
  compare.disabled = what === "nothing";
  compareAt(0);
}

function compareAt(percent: number): void {
  compare.value = `${percent}`;
  before.style.setProperty("--shown", `${percent}%`);
  before.hidden = percent === 0;
  if (subject instanceof Camera) subject.compare(percent > 0);
}

function replaceSubject(next: Subject | undefined): void {
  subject?.close();
  subject = next;
  present(next === undefined ? "nothing" : next instanceof Camera ? "camera" : "photo");
}

/** Applies the newest choice; while one is being applied, those in between are skipped. */
function applier(controls: () => Controls): () => Promise<void> {
  let busy = false;
  let again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      const { choice } = controls();
      const on = subject;
      if (on === undefined) continue;
      if (choice.missing.length > 0) say(`Still to be chosen: ${choice.missing.join(", ")}.`);
      else await attempt(() => on.apply(choice).then(() => say("")));
    }
    busy = false;
  };
}

function watch(camera: Camera): void {
  const { processor } = camera;
  let restarts = 0;
  processor.addEventListener("verdict", () => {
    const texts = { person: "", "low-confidence": "Not sure who is in the picture", "no-person": "Nobody in the picture" };
    badge.textContent = texts[processor.verdict?.finding ?? "person"];
    badge.hidden = badge.textContent === "";
  });
  processor.addEventListener("statechange", () => {
    if (subject !== camera) return;
    const failed = processor.state === "failed";
    if (processor.state === "recovering" || failed) {
      // What the camera sees must not show while nothing draws over it.
      compareAt(0);
      compare.disabled = true;
      const next = failed ? "Stop the camera and start it again." : "Starting again…";
      say(`The picture is held: ${processor.error?.message ?? "the worker stopped"}. ${next}`, true);
    } else if (processor.state === "running") {
      compare.disabled = false;
      // Recovery is quicker than reading, so what happened stays on the page until something else is said.
      const replaced = processor.stats.restarts > restarts;
      restarts = processor.stats.restarts;
      say(replaced ? "The worker stopped and was replaced. The picture was held meanwhile." : "");
    } else if (processor.state === "stopped") replaceSubject(undefined);
  });
}

async function main(): Promise<void> {
  const can = support();
  if (!can.pictures) return say("This browser is too old: it lacks WebAssembly or drawing in workers.", true);
  buttons.camera.disabled = !can.video;
  const segmenter: Segmenter = await createSegmenter();
  const controls = new Controls(
    segmenter.effects,
    { effects: find("effects", HTMLFieldSetElement), options: find("options", HTMLFieldSetElement) },
    () => void apply(),
  );
  const apply = applier(() => controls);

  async function setLogo(picture: PictureSource): Promise<void> {
    await segmenter.setLogo(picture);
    if (subject instanceof Camera) await subject.setLogo(picture);
    logo = picture;
  }
  void attempt(async () => setLogo(await (await fetch("logo.png")).blob()));

  const open = (file: Blob | null | undefined) =>
    attempt(async () => {
      if (!file) return;
      say("Opening…");
      const photo = await openPhoto(segmenter, file, screens);
      replaceSubject(photo);
      say("");
      await apply();
    });

  buttons.camera.addEventListener("click", () =>
    attempt(async () => {
      if (subject instanceof Camera) return replaceSubject(undefined);
      say("Starting…");
      const { choice } = controls;
      const first = { ...choice, effect: segmenter.effects[0]?.name ?? choice.effect, options: {} };
      const camera = await Camera.start(choice.missing.length > 0 ? first : choice, logo, screens);
      replaceSubject(camera);
      watch(camera);
      say("");
      await apply();
    }),
  );
  buttons.shoot.addEventListener("click", () =>
    attempt(async () => {
      const type = find("type", HTMLSelectElement).value as FileType;
      const choice: SaveChoice = { type, logo: logoWanted.checked };
      const file = await subject?.save(choice);
      if (file) say(`Saved ${keep(saved, file)}.`);
    }),
  );
  buttons.record.addEventListener("click", () =>
    attempt(async () => {
      if (!(subject instanceof Camera)) return;
      if (subject.recording) return subject.stopRecording();
      subject.record(logoWanted.checked, (file) => {
        buttons.record.setAttribute("aria-pressed", "false");
        buttons.record.textContent = "Record";
        say(`Saved ${keep(saved, file)}.`);
      });
      buttons.record.setAttribute("aria-pressed", "true");
      buttons.record.textContent = "Stop recording";
    }),
  );
  compare.addEventListener("input", () => compareAt(compare.valueAsNumber));
  find("open", HTMLInputElement).addEventListener("change", (event) => open((event.target as HTMLInputElement).files?.[0]));
  find("logo-file", HTMLInputElement).addEventListener("change", (event) =>
    attempt(async () => {
      const file = (event.target as HTMLInputElement).files?.[0];
      if (file) await setLogo(file);
    }),
  );
  find("panel", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("target");
  });
  addEventListener("dragleave", () => stage.classList.remove("target"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("target");
    void open(event.dataTransfer?.files[0]);
  });
  addEventListener("paste", (event) => void open([...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"))));
  document.documentElement.dataset["ready"] = "true";
}

/** Registers the service worker. On the first visit the engine's module came before it: it is asked for again, which keeps it. */
async function keepOffline(): Promise<void> {
  const { serviceWorker } = navigator;
  const first = !serviceWorker.controller;
  const taken = new Promise((done) => serviceWorker.addEventListener("controllerchange", done, { once: true }));
  await serviceWorker.register("sw.js");
  if (!first) return;
  await Promise.all([taken, started]);
  const modules = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".wasm"));
  await Promise.all(modules.map(({ name }) => fetch(name)));
}

present("nothing");
const started = attempt(main);
if ("serviceWorker" in navigator) void keepOffline().catch(() => undefined);
