// The service worker: the page works offline. Version and files are filled in by `offline.mjs` when the page is built.
const version = "hypercut-" + "VERSION";
const files = ["FILES"];

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const scope = self as unknown as EventTarget & { skipWaiting(): Promise<void>; clients: { claim(): Promise<void> } };

scope.addEventListener("install", (event) => {
  const work = async () => {
    const cache = await caches.open(version);
    await cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));
    await scope.skipWaiting();
  };
  (event as ExtendableEvent).waitUntil(work());
});

scope.addEventListener("activate", (event) => {
  const work = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("hypercut-") && name !== version);
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  };
  (event as ExtendableEvent).waitUntil(work());
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(version);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok && fresh.type === "basic") await cache.put(request, fresh.clone());
  return fresh;
}

scope.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  respondWith.call(event, answer(request));
});

