import { Extension } from "@tiptap/core";
import { yCursorPlugin } from "@tiptap/y-tiptap";
import type { HoldfastProvider, Who } from "holdfast/yjs";
import { hue, make } from "./dom.ts";
import { shownName } from "./guests.ts";
import type { DemoSession } from "./editor.ts";

const colours = 6; // of the style sheet
const taken = new Map<string, number>();

/** A client of a user by one name. A client id alone names nobody: another user may connect with the same. */
export const nameOf = ({ userId, clientId }: Who): string => `${userId}\n${clientId}`;

/** Returns somebody's colour: the one of the name, or the next that nobody else has. */
export function colourOf(who: Who): number {
  const key = nameOf(who);
  let colour = taken.get(key) ?? hue(key, colours);
  if (!taken.has(key)) {
    const used = new Set(taken.values());
    while (used.has(colour) && used.size < colours) colour = (colour + 1) % colours;
    taken.set(key, colour);
  }
  return colour;
}

/** Gives a colour back to those who come later. */
export const leaveColour = (who: Who): boolean => taken.delete(nameOf(who));

/**
 * The others' carets, and those of one's own other tabs. The names are the server's word, as a peer may
 * call itself anything. Classes and no style attributes, because the page's policy allows none.
 */
export const Carets = Extension.create<{ provider: HoldfastProvider; session: DemoSession }>({
  name: "carets",
  priority: 999,
  addProseMirrorPlugins() {
    const { provider, session } = this.options;
    const plugin = yCursorPlugin(provider.awareness, {
      cursorBuilder(_: unknown, id: number) {
        const who = provider.who(id);
        if (!who) return make("span", "");
        const own = who.userId === session.userId && who.clientId === session.clientId;
        return make("span", `caret c${colourOf(who)}`, make("span", "caret-name", own ? "Your other tab" : shownName(who.userId, who.name || who.userId)));
      },
      selectionBuilder(_: unknown, id: number) {
        const who = provider.who(id);
        return who ? { class: `range c${colourOf(who)}` } : {};
      },
    });
    return [plugin];
  },
});
