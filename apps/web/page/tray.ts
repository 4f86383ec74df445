// Pictures and recordings of this visit, to look at and to download.

/** A file's name from the time, as in `hypercut-20260102-030405.png`. */
function nameOf(file: Blob): string {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  const ending = file.type.split(/[/;]/)[1] ?? "bin";
  return `hypercut-${stamp}.${ending === "jpeg" ? "jpg" : ending}`;
}

/** Adds `file` to the list, newest first; returns its name. */
export function keep(list: HTMLUListElement, file: Blob): string {
  const address = URL.createObjectURL(file);
  const name = nameOf(file);
  const isVideo = file.type.startsWith("video/");
  const view = document.createElement(isVideo ? "video" : "img");
  view.src = address;
  if (view instanceof HTMLVideoElement) {
    view.controls = true;
    view.setAttribute("aria-label", `Recording ${name}`);
  } else {
    view.alt = `Picture ${name}`;
  }
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.textContent = `Download ${name}`;
  const item = document.createElement("li");
  item.append(view, link);
  list.prepend(item);
  return name;
}
