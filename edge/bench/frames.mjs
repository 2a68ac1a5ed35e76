// The frames of Holdfast's wire that the peers send, with the same members.

export const connected = (version) =>
	JSON.stringify({ type: "system", event: "connection_ack", data: { document_version: version } });

export const ack = (version, id) =>
	JSON.stringify({ type: "operation", event: "operation_ack", data: { document_version: version }, message_id: id, seq: version });

export const operation = (version, user, op) =>
	JSON.stringify({ type: "operation", event: "op", data: { op, document_version: version, user_id: user, client_id: user }, seq: version });
