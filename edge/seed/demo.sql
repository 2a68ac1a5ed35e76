-- The demo's accounts, documents and rights. Safe to run again: it adds what is
-- missing and changes nothing that is there. Every password is holdfast-demo.
-- Not for a deployment that anybody else can reach.

INSERT OR IGNORE INTO users (id, email, name, password_hash, salt, iterations) VALUES
  ('usr_owner', 'owner@example.com', 'Olive Owner',
   '33b14916176310d5e4acbd682381542703823dec279065d812ba5d30654e6bbd', 'd4ee8985862bfae042b0b00f201e7f8b', 100000),
  ('usr_editor', 'editor@example.com', 'Edgar Editor',
   '236886f876e279ddf939de1ccd592d9a97d6ce16bf6a007832d31e9842f3cb0f', '483a3b5ee3abe7e9d5159b5f7270b76e', 100000),
  ('usr_viewer', 'viewer@example.com', 'Vera Viewer',
   'f645ace9978622cca5a40098f62668c07dbc5ff26531cfb9dfd80062ba6e65a6', 'b4cd1b70ea85963416936dfccd7bd41f', 100000),
  ('usr_outsider', 'outsider@example.com', 'Otto Outsider',
   '831aeafa660db2e6f9ee061223f4a1453bf7ee7385952d059958d7badd945737', '1755ec974b4dd0356fa8b51e13eab7de', 100000);

INSERT OR IGNORE INTO workspaces (id, name) VALUES ('ws_demo', 'Demo');

INSERT OR IGNORE INTO members (workspace_id, user_id, role) VALUES
  ('ws_demo', 'usr_owner', 'owner'),
  ('ws_demo', 'usr_editor', 'member'),
  ('ws_demo', 'usr_viewer', 'viewer');

INSERT OR IGNORE INTO documents (id, workspace_id, title, access, locked) VALUES
  ('welcome', 'ws_demo', 'Welcome', 'workspace', 0),
  ('notes', 'ws_demo', 'Notes', 'workspace', 0),
  ('secret', 'ws_demo', 'Secret', 'restricted', 0),
  ('locked', 'ws_demo', 'Locked', 'workspace', 1);

INSERT OR IGNORE INTO grants (document_id, user_id, role) VALUES
  ('notes', 'usr_editor', 'comment'),
  ('secret', 'usr_owner', 'full_access');
