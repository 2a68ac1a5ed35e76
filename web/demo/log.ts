import { at, make } from "./dom.ts";

const rows = 200;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

let run: { key: string; first: number; count: number; detail: HTMLElement; time: HTMLElement } | undefined;

/** Writes one event at the top. */
export function log(event: string, detail = "", kind: "" | "good" | "warn" | "bad" = ""): void {
  run = undefined;
  write(event, detail, kind);
}

/** Writes an operation; a run of them from one place shares one row. */
export function logOperation(version: number, from: string, replay: boolean): void {
  const key = `${from}/${replay}`;
  if (run?.key !== key) {
    run = { key, first: version, count: 0, ...write("operation", "", "") };
  }
  run.count++;
  const versions = run.count === 1 ? `v${version}` : `v${run.first}–${version}`;
  run.detail.textContent = `${versions} from ${from}${replay ? ", replayed" : ""}`;
  run.time.textContent = clock.format(new Date());
}

/** Empties the log. */
export function clearLog(): void {
  run = undefined;
  at("log").replaceChildren();
}

function write(event: string, detail: string, kind: string): { detail: HTMLElement; time: HTMLElement } {
  const body = at("log");
  const time = make("td", "time number", clock.format(new Date()));
  const cell = make("td", "detail", detail);
  body.prepend(make("tr", kind, time, make("td", "event", event), cell));
  while (body.childElementCount > rows) body.lastElementChild!.remove();
  return { detail: cell, time };
}
