// The Worker's entry: it only exports names.

import { fetchRequest } from "./front.mjs";

export { UserSession, Document } from "./object.mjs";
export default { fetch: fetchRequest };
