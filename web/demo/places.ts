import type { EditorState } from "@tiptap/pm/state";
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from "@tiptap/y-tiptap";
import { createRelativePositionFromJSON, createRelativePositionFromTypeIndex, relativePositionToJSON } from "yjs";

/** A part of the text by two Yjs positions, which stay where they are while others write. */
export interface Anchor {
  from: unknown;
  to: unknown;
}

/** Returns the anchor of the selection. */
export function anchorOf(state: EditorState): Anchor {
  const { type, binding } = ySyncPluginKey.getState(state);
  const at = (position: number): unknown => relativePositionToJSON(absolutePositionToRelativePosition(position, type, binding.mapping));
  return { from: at(state.selection.from), to: at(state.selection.to) };
}

/** Returns where an anchor is now, if there is still text between its ends. */
export function placeOf(state: EditorState, anchor: unknown): { from: number; to: number } | undefined {
  const { doc, type, binding } = ySyncPluginKey.getState(state);
  const { from, to } = (anchor ?? {}) as Anchor;
  const at = (end: unknown): number | null => relativePositionToAbsolutePosition(doc, type, createRelativePositionFromJSON(end), binding.mapping);
  try {
    const [start, end] = [at(from), at(to)];
    if (start !== null && end !== null && start < end && end <= state.doc.content.size) return { from: start, to: end };
  } catch {} // not an anchor of this page
  return;
}

/** A heading and what follows, up to the next. */
export interface Section {
  /** The heading's place in the log, so that a change of its words changes nothing; "start" before the first heading. */
  id: string;
  title: string;
  from: number;
  to: number;
}

/** Returns the sections of the text, in order. */
export function sections(state: EditorState): Section[] {
  const { type } = ySyncPluginKey.getState(state);
  const found: Section[] = [{ id: "start", title: "Beginning", from: 0, to: 0 }];
  state.doc.forEach((node, offset, index) => {
    if (node.type.name === "heading" && index < type.length) {
      const { item } = createRelativePositionFromTypeIndex(type, index);
      if (item) found.push({ id: `${item.client}-${item.clock}`, title: node.textContent || "Untitled", from: offset, to: offset });
    }
    found.at(-1)!.to = offset + node.nodeSize;
  });
  return found;
}

/** Returns the section of the caret. */
export function sectionOf(state: EditorState): Section {
  const { head } = state.selection;
  const all = sections(state);
  return all.filter(({ from }) => from <= head).at(-1) ?? all[0]!;
}
