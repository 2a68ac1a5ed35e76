import { StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";

/** Another person's caret, in positions of this editor's text. */
export interface Cursor {
  name: string;
  colour: number;
  anchor: number;
  head: number;
}

/** How many colours the style sheet below has. */
export const colours = 6;

const set = StateEffect.define<Cursor[]>();

/** Shows exactly these cursors. */
export const showCursors = (view: EditorView, cursors: Cursor[]): void => view.dispatch({ effects: set.of(cursors) });

class Caret extends WidgetType {
  constructor(readonly name: string, readonly colour: number) {
    super();
  }
  override eq(other: Caret): boolean {
    return other.name === this.name && other.colour === this.colour;
  }
  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `caret c${this.colour}`;
    const label = caret.appendChild(document.createElement("span"));
    label.className = "caret-name";
    label.textContent = this.name;
    return caret;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

// Classes and no style attributes, because the page's policy allows no inline styles.
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(drawn, transaction) {
    drawn = drawn.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(set)) continue;
      const length = transaction.newDoc.length;
      drawn = Decoration.set(
        effect.value.flatMap(({ name, colour, anchor, head }) => {
          const [from, to] = [Math.min(anchor, head, length), Math.min(Math.max(anchor, head), length)];
          const caret = Decoration.widget({ widget: new Caret(name, colour), side: head >= anchor ? -1 : 1 }).range(Math.min(head, length));
          return from === to ? [caret] : [Decoration.mark({ class: `range c${colour}` }).range(from, to), caret];
        }),
        true,
      );
    }
    return drawn;
  },
  provide: (self) => EditorView.decorations.from(self),
});

const theme = EditorView.baseTheme({
  ".caret": { position: "relative", borderLeft: "2px solid var(--who)", marginLeft: "-1px", marginRight: "-1px" },
  ".caret-name": {
    position: "absolute", left: "-2px", top: "-1.35em", padding: "1px 6px", borderRadius: "4px 4px 4px 0",
    background: "var(--who)", color: "var(--surface)", font: "600 11px/1.4 var(--sans)", whiteSpace: "nowrap",
    pointerEvents: "none", userSelect: "none", zIndex: "1",
  },
  ".range": { background: "color-mix(in srgb, var(--who) 22%, transparent)" },
  ...Object.fromEntries(Array.from({ length: colours }, (_, i) => [`.c${i}`, { "--who": `var(--who-${i})` }])),
});

/** The extension that draws other people's cursors. */
export const cursors: Extension = [field, theme];
