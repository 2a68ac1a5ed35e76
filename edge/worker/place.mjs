// Where objects are. Every stub is made here: the same name in another jurisdiction is another
// object, so one call that forgot it would speak to an empty one.

/** Returns the object of that name. Objects speak to others of the jurisdiction that they are in themselves. */
export function objectOf(env, binding, name, jurisdiction = env.JURISDICTION) {
	const all = env[binding];
	const there = unset(jurisdiction) ? all : within(all, jurisdiction);
	// The platform reads the hint when it creates the object, and never again.
	return unset(env.LOCATION_HINT) ? there.getByName(name) : there.getByName(name, { locationHint: env.LOCATION_HINT });
}

function within(all, jurisdiction) {
	try {
		return all.jurisdiction(jurisdiction);
	} catch {
		// Never without it. workerd, which runs on a laptop, has none: there .dev.vars says JURISDICTION='none'.
		throw new DOMException("", "JurisdictionUnsupported");
	}
}

const unset = (word) => word === undefined || word === "" || word === "none";
