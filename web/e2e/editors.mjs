// The editors of EDITORS.md in pages of their own: each recipe bundled as it stands there,
// and what a person does in it.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { built, getToken } from "./apps.mjs";
import { until } from "./browser.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Where an editor has its text, the lines of it, what in them is not text, and the names at the
 * carets; and what takes the caret to the end of the text (BlockNote has an empty block there).
 */
export const editors = {
  Tiptap: { root: ".tiptap", lines: "p", names: ".collaboration-carets__label", not: ".collaboration-carets__caret" },
  BlockNote: { root: ".bn-editor", lines: ".bn-inline-content", names: ".bn-collaboration-cursor__label", not: ".bn-collaboration-cursor__base", end: ["Control+Home", "End"] },
  Lexical: { root: "[contenteditable]", lines: "p", names: "#editor div > span > span[style*=absolute]" },
  Quill: { root: ".ql-editor", lines: "p", names: ".ql-cursor:not(.hidden) .ql-cursor-name" },
  CodeMirror: { root: ".cm-content", lines: ".cm-line", names: ".cm-ySelectionInfo", not: ".cm-ySelectionCaret" },
  ProseMirror: { root: ".ProseMirror", lines: "p", names: ".ProseMirror-yjs-cursor > div", not: ".ProseMirror-yjs-cursor, .ProseMirror-trailingBreak" },
};

const page = await readFile(join(here, "../EDITORS.md"), "utf8");

/** The recipe of an editor: its language and its code, all that is in its section. */
function recipe(name) {
  const [, section] = page.match(new RegExp(`\n## ${name}\n([^]*?)(?=\n## |$)`));
  const blocks = [...section.matchAll(/```(jsx?)\n([^]*?)```/g)];
  return { loader: blocks[0][1], code: blocks.map(([, , code]) => code).join("") };
}

/** The packages that the page names, with their versions. */
export const tried = [...page.matchAll(/(?<=[|,] )([@\w./-]+) (\d+\.\d+\.\d+)/g)].map(([, name, version]) => [name, version]);

// Stands for the package in the recipes and is the package; it keeps the session and the
// provider where the test finds them. With "late" the app goes on only when its session has
// received all that is stored, as one does that loads its editor lazily.
const seen = {
  holdfast: `
    import { connect as open } from "${join(built, "index.js")}";
    export * from "${join(built, "index.js")}";
    export const connect = async (options) => {
      const session = (globalThis.session = await open(options));
      const ready = () => session.state === "connected" && session.version >= (session.documentVersion ?? 0);
      while (new URL(location).searchParams.has("late") && !ready()) await new Promise((resolve) => setTimeout(resolve, 20));
      return session;
    };`,
  "holdfast/yjs": `
    import { HoldfastProvider as Provider } from "${join(built, "yjs.js")}";
    export const HoldfastProvider = class extends Provider {
      constructor(...given) {
        super(...given);
        globalThis.provider = this;
        globalThis.refused = [];
        this.addEventListener("refused", ({ detail }) => globalThis.refused.push(detail.code));
      }
    };`,
};

const app = (code) => `
const getToken = ${getToken};
const user = Object.fromEntries(["name", "color"].map((key) => [key, new URL(location).searchParams.get(key)]));
${code}`;
const strict = `
import { Fragment, StrictMode } from "react";
import { createRoot } from "react-dom/client";
const Mode = new URL(location).searchParams.has("lax") ? Fragment : StrictMode;
createRoot(document.querySelector("#editor")).render(<Mode><App /></Mode>);`;

/** Bundles these editors' recipes, once and together. */
export async function bundle(names) {
  const out = await mkdtemp(join(tmpdir(), "holdfast-editors-"));
  await build({
    entryPoints: names.map((name) => ({ in: `recipe:${name}`, out: name })), outdir: out,
    bundle: true, splitting: true, format: "esm", target: "es2022", jsx: "automatic", logLevel: "warning",
    define: { "process.env.NODE_ENV": '"development"' }, // Strict Mode does what it does in development only
    conditions: ["style"], // where BlockNote has its style sheets
    loader: { ".woff": "dataurl", ".woff2": "dataurl" },
    plugins: [{
      name: "recipes",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^recipe:/ }, ({ path }) => ({ path: path.slice(7), namespace: "recipe" }));
        onLoad({ filter: /.*/, namespace: "recipe" }, ({ path }) => {
          const { loader, code } = recipe(path);
          return { contents: app(code) + (loader === "jsx" ? strict : ""), loader, resolveDir: here };
        });
        onResolve({ filter: /^holdfast(\/yjs)?$/ }, ({ path }) => ({ path, namespace: "seen" }));
        onLoad({ filter: /.*/, namespace: "seen" }, ({ path }) => ({ contents: seen[path], resolveDir: here }));
      },
    }],
  });
  const [, css] = page.match(/```css\n([^]*?)```/);
  await cp(join(built, "holdfast.wasm"), join(out, "holdfast.wasm"));
  for (const name of names) {
    await writeFile(join(out, `${name}.html`), `<!doctype html><meta charset="utf-8"><title>${name}</title>
<link rel="stylesheet" href="${name}.css"><style>body { margin: 40px; font: 16px/1.5 sans-serif } ${css}</style>
<div id="editor"></div><script type="module" src="${name}.js"></script>`);
    await writeFile(join(out, `${name}.css`), "", { flag: "a" });
  }
  return { out, remove: () => rm(out, { recursive: true, force: true }) };
}

const read = ({ root, lines, names, not }) => {
  const plain = (element) => {
    const copy = element.cloneNode(true);
    for (const part of not ? copy.querySelectorAll(not) : []) part.remove();
    return copy.textContent.replace(/[\u2060\u200b\ufeff]/g, "").replaceAll("\u00a0", " ");
  };
  const all = [...document.querySelectorAll(`${root} ${lines}`)].map(plain);
  while (all.at(-1) === "") all.pop();
  return { text: all.join("\n"), names: [...document.querySelectorAll(names)].map((name) => name.textContent).filter(Boolean).sort() };
};

// Whether the caret is at the end of the first line.
const atEnd = ({ root, lines, not }) => {
  const { focusNode, focusOffset } = getSelection();
  const line = document.querySelector(`${root} ${lines}`);
  if (!line) return true;
  const rest = document.createRange();
  rest.selectNodeContents(line);
  if (!focusNode || !rest.intersectsNode(focusNode)) return false;
  rest.setStart(focusNode, focusOffset);
  const after = rest.cloneContents();
  for (const part of not ? after.querySelectorAll(not) : []) part.remove();
  return !after.textContent.replace(/[\u2060\u200b\ufeff]/g, "");
};

const state = () => {
  const { session, provider } = globalThis;
  return `${session?.role} ${session?.state} at ${session?.version} of ${session?.documentVersion}, ${provider?.synced ? "" : "not "}synced`;
};

/** A tab with an editor. */
export class Tab {
  static async open(person, site, editor, name, color, query = "") {
    const tab = new Tab();
    tab.name = name;
    tab.parts = editors[editor];
    tab.page = await person.context.newPage();
    await tab.page.goto(`${site.url}editors/${editor}.html?name=${name}&color=${encodeURIComponent(color)}${query}`);
    return tab;
  }

  /** Types at the end of the first line, as a person does. */
  async type(what) {
    await this.page.locator(this.parts.root).focus();
    // The editor may just have drawn somebody's caret, and put its own back: then once more.
    for (let i = 0; i === 0 || !(await this.page.evaluate(atEnd, this.parts)); i++) {
      if (i > 40) assert.fail(`the caret of ${this.name} does not come to the end: ${await this.page.locator(this.parts.root).innerHTML()}`);
      for (const key of this.parts.end ?? ["Control+End"]) await this.page.keyboard.press(key);
    }
    await this.page.keyboard.type(what);
  }

  /** Presses a key so often. */
  async press(key, times) {
    await this.page.locator(this.parts.root).focus();
    for (let i = 0; i < times; i++) await this.page.keyboard.press(key);
  }

  read = () => this.page.evaluate(read, this.parts);
  version = () => this.page.evaluate(() => globalThis.session.version);
  synced = () => until(this.page, () => globalThis.provider?.synced);
  offline = () => until(this.page, () => globalThis.session.state !== "connected");

  /** Waits until the tab shows exactly this: `{ text, names }`, or one of them. */
  shows = (want) => this.#comes((now) => Object.fromEntries(Object.keys(want).map((key) => [key, now[key]])), want);
  /** Waits until this is in the tab's text. */
  contains = (part) => this.#comes(({ text }) => text.includes(part) ? part : text, part);
  /** Waits until the tab's text has exactly these letters, in any order. */
  holds = (letters) => this.#comes(({ text }) => [...text].sort().join(""), letters);

  async #comes(of, want) {
    const end = Date.now() + 15_000;
    for (;;) {
      const now = of(await this.read());
      if (JSON.stringify(now) === JSON.stringify(want)) return;
      if (Date.now() > end) return assert.deepEqual(now, want, `the tab of ${this.name}: ${await this.page.evaluate(state)}`);
      await this.page.waitForTimeout(40);
    }
  }
}
