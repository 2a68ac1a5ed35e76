// The Worker's entry: names, and nothing else.

import { fetchRequest } from "./front.mjs";

export { UserSession, Document } from "./object.mjs";
export default { fetch: fetchRequest };
