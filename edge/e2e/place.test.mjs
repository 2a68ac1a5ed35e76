// Where objects are, as the platform is asked for them. workerd knows no jurisdictions, so here
// a namespace is played that knows them as the platform does: one name, one object in each.
import assert from "node:assert/strict";
import test from "node:test";
import { objectOf } from "../worker/place.mjs";

const namespace = (jurisdiction) => ({
	jurisdiction: (word) => namespace(word),
	getByName: (name, options) => ({ name, jurisdiction, hint: options?.locationHint }),
});
const env = (variables) => ({ SESSIONS: namespace(), ...variables });

test("an object is in the jurisdiction of the deployment, and in none without one", () => {
	for (const word of [undefined, "", "none"]) assert.deepEqual(objectOf(env({ JURISDICTION: word }), "SESSIONS", "a"), { name: "a", jurisdiction: undefined, hint: undefined });
	for (const word of ["eu", "us", "fedramp"]) assert.equal(objectOf(env({ JURISDICTION: word }), "SESSIONS", "a").jurisdiction, word);
});

test("an object that is in a jurisdiction speaks to others there, whatever the variable says by now", () => {
	assert.equal(objectOf(env({ JURISDICTION: "none" }), "SESSIONS", "a", "eu").jurisdiction, "eu");
	assert.equal(objectOf(env({ JURISDICTION: "eu" }), "SESSIONS", "a", undefined).jurisdiction, "eu");
});

test("the hint goes along, within a jurisdiction too", () => {
	assert.deepEqual(objectOf(env({ LOCATION_HINT: "weur", JURISDICTION: "eu" }), "SESSIONS", "a"), { name: "a", jurisdiction: "eu", hint: "weur" });
	assert.equal(objectOf(env({ LOCATION_HINT: "none" }), "SESSIONS", "a").hint, undefined);
});
