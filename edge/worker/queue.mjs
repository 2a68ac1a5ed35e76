// The queue that a deployment may bind, for events to go there and not by HTTP.

/** Stands in EVENTS_URL's place where the queue is bound. */
export const eventsQueue = "queue:events";

/** Reports whether the queue is bound. */
export const bound = (env) => typeof env.EVENTS_QUEUE?.sendBatch === "function";
