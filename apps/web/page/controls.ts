// The effects and their options as form fields, generated from the library's own list.
import type { EffectInfo, EffectOptions, OptionInfo } from "./hypercut/index.js";

/** What the form says: an effect and its options, with what is missing. */
export interface Choice {
  readonly effect: string;
  readonly options: EffectOptions;
  /** Options that must be given and are not. */
  readonly missing: readonly string[];
  /** Whether the result may have transparent parts. */
  readonly alpha: boolean;
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Fills the two fieldsets and calls `changed` with every change of them. */
export class Controls {
  readonly #effects: readonly EffectInfo[];
  readonly #place: HTMLFieldSetElement;
  readonly #changed: () => void;
  /** By effect and option, kept while another effect is chosen. */
  readonly #values = new Map<string, EffectOptions>();
  #chosen: EffectInfo;

  constructor(
    effects: readonly EffectInfo[],
    places: { effects: HTMLFieldSetElement; options: HTMLFieldSetElement },
    changed: () => void,
  ) {
    const first = effects[0];
    if (first === undefined) throw new Error("the library lists no effect");
    this.#effects = effects;
    this.#place = places.options;
    this.#changed = changed;
    this.#chosen = first;
    for (const effect of effects) places.effects.append(this.#card(effect));
    this.#showOptions();
  }

  get choice(): Choice {
    const { name, alpha, options } = this.#chosen;
    const values = this.#valuesOf(name);
    const missing = options.filter((option) => option.kind === "picture" && values[option.name] === undefined);
    return { effect: name, options: { ...values }, missing: missing.map((option) => option.help), alpha };
  }

  #valuesOf(effect: string): EffectOptions {
    const known = this.#values.get(effect) ?? {};
    this.#values.set(effect, known);
    return known;
  }

  #card(effect: EffectInfo): HTMLElement {
    const radio = element("input", { type: "radio", name: "effect", value: effect.name });
    radio.checked = effect === this.#chosen;
    radio.addEventListener("change", () => {
      this.#chosen = this.#effects.find(({ name }) => name === radio.value) ?? this.#chosen;
      this.#showOptions();
      this.#changed();
    });
    const title = element("b", {}, effect.name);
    return element("label", { className: "effect" }, radio, title, element("small", {}, effect.summary));
  }

  #showOptions(): void {
    this.#place.querySelectorAll(":scope > :not(legend)").forEach((old) => old.remove());
    this.#place.hidden = this.#chosen.options.length === 0;
    for (const option of this.#chosen.options) this.#place.append(...this.#row(option));
  }

  #row(option: OptionInfo): HTMLElement[] {
    const values = this.#valuesOf(this.#chosen.name);
    const set = (value: EffectOptions[string]) => {
      values[option.name] = value;
      this.#changed();
    };
    const now = values[option.name];
    const hint = element("p", { className: "hint", id: `hint-${option.name}` }, option.help);
    const title = element("span", {}, option.name.replaceAll("-", " "));
    const row = element("label", { className: "row" }, title);
    const { field, beside = [] } = this.#field(option, now, set, row);
    field.id = `option-${option.name}`;
    field.setAttribute("aria-describedby", hint.id);
    // The field comes first: a label belongs to the first of its fields, and an `output` counts as one.
    row.append(field, ...beside);
    return [row, hint];
  }

  #field(
    option: OptionInfo,
    now: EffectOptions[string],
    set: (value: EffectOptions[string]) => void,
    row: HTMLElement,
  ): { field: HTMLElement; beside?: HTMLElement[] } {
    switch (option.kind) {
      case "number": {
        const { min, max } = option;
        const value = String(now ?? option.default);
        const field = element("input", { type: "range", min: `${min}`, max: `${max}`, step: "1", value });
        const shown = element("output", {}, value);
        row.classList.add("wide");
        field.addEventListener("input", () => {
          shown.textContent = field.value;
          set(field.valueAsNumber);
        });
        return { field, beside: [shown] };
      }
      case "color": {
        const field = element("input", { type: "color", value: String(now ?? option.default) });
        field.addEventListener("input", () => set(field.value));
        return { field };
      }
      case "choice": {
        const field = element("select", {}, ...option.values.map((value) => element("option", { value }, value)));
        field.value = String(now ?? option.default);
        field.addEventListener("change", () => set(field.value));
        return { field };
      }
      case "flag": {
        const field = element("input", { type: "checkbox", checked: now === true });
        field.addEventListener("change", () => set(field.checked));
        return { field };
      }
      case "picture": {
        const field = element("input", { type: "file", accept: "image/*" });
        field.addEventListener("change", () => set(field.files?.[0]));
        return { field };
      }
    }
  }
}
