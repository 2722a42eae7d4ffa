-- deactivate fetchmail server
UPDATE fetchmail_server
   SET active = false;
-- disable OAuth providers; what they know stays
UPDATE auth_oauth_provider
   SET enabled = false;
