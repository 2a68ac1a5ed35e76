// The Worker. Holdfast answers its own paths (/v1, /auth and a few more) and serves the page;
// everything before it is yours.
import { Document, UserSession, handler } from "holdfast/worker";
import { permissions } from "./permissions.js";

const holdfast = handler({ permissions });

// The platform finds the two Durable Object classes by these names.
export { Document, UserSession };

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/api/hello") return Response.json({ hello: "from your own route" });
    return holdfast.fetch(request, env, ctx);
  },
};
