// The Worker's entry: it only exports names.

import { handler } from "./handler.mjs";

export { UserSession, Document } from "./object.mjs";
export default { fetch: handler().fetch };
