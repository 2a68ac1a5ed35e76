// The entry `holdfast/worker` of the package.

export { handler } from "./handler.mjs";
export { UserSession, Document } from "./object.mjs";
