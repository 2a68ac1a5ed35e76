// The engines that the multi-tab story runs in.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { launchChrome } from "../chrome.mjs";
import { launchFirefox } from "./firefox.mjs";
import { launchWebKit } from "./webkit.mjs";

const mac = (name, file) => `/Applications/${name}.app/Contents/MacOS/${file}`;

const all = [
  {
    name: "Chromium", variable: "CHROMIUM",
    files: ["chromium", "chromium-browser", "google-chrome", mac("Google Chrome", "Google Chrome")],
    launch: () => launchChrome(),
    cannot: {},
  },
  {
    name: "Firefox", variable: "FIREFOX",
    files: ["firefox-esr", "firefox", mac("Firefox", "firefox")],
    launch: launchFirefox,
    cannot: { freeze: "Firefox has no freeze event, and BiDi no command that suspends a page" },
  },
  {
    name: "WebKit", variable: "WEBKIT_DRIVER",
    files: ["WebKitWebDriver"], beside: ["Xvfb"],
    launch: launchWebKit,
    cannot: {
      freeze: "WebKit has no freeze event, and WebDriver no command that suspends a page",
      console: "WebDriver tells nothing of a page's console",
    },
  },
];

// As in ENGINES="firefox webkit".
const named = process.env.ENGINES?.toLowerCase().match(/[a-z]+/g);
const unknown = named?.filter((name) => !all.some((engine) => engine.name.toLowerCase() === name)) ?? [];
if (unknown.length) throw new Error(`ENGINES names ${unknown.join(", ")}: there are ${all.map(({ name }) => name.toLowerCase()).join(", ")}`);

/**
 * The engines, each with `skip`: why it is not to be run, or "". Those that ENGINES names
 * have to be there; without it all run that are there, and in CI all have to be.
 */
export const engines = all.map((engine) => {
  const { name, variable, files, beside = [] } = engine;
  const word = name.toLowerCase();
  const path = process.env[variable] || files.map(find).find(Boolean) || files[0];
  const lacking = [path, ...beside].filter((file) => !find(file));
  const missing = lacking.length && `${name} cannot be started without ${lacking.join(" and ")}: .toolchain/install.sh ${word} installs that, or ${variable} names another`;
  if (missing && (named?.includes(word) || (!named && process.env.CI === "true"))) throw new Error(missing);
  return { ...engine, path, skip: (named && !named.includes(word) && "ENGINES does not name it") || missing || "" };
});

/** The path of a program that is there: a path, or a name in PATH. */
function find(file) {
  const folders = file.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, file)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
