-- The tables of Odoo 19.0 that Slipway and this server look at, with the columns of the real ones, and what a fresh database holds.
-- Every row that matters is here as the real program makes it: Enterprise modules that a Community database lists as uninstallable,
-- the dummy values of ir_config_parameter, the autovacuum job.
CREATE TABLE res_users (
  id serial PRIMARY KEY, company_id integer NOT NULL DEFAULT 1, partner_id integer NOT NULL DEFAULT 1,
  active boolean DEFAULT true, create_date timestamp DEFAULT now(), login varchar NOT NULL UNIQUE, password varchar,
  action_id integer, create_uid integer, write_uid integer, signature text, share boolean DEFAULT false,
  write_date timestamp DEFAULT now(), totp_secret varchar, notification_type varchar NOT NULL DEFAULT 'email'
);
CREATE TABLE ir_module_module (
  id serial PRIMARY KEY, create_uid integer, create_date timestamp DEFAULT now(), write_date timestamp DEFAULT now(),
  write_uid integer, website varchar, summary jsonb, name varchar NOT NULL UNIQUE, author varchar, icon varchar,
  state varchar(16) DEFAULT 'uninstalled', latest_version varchar, shortdesc jsonb, category_id integer,
  description jsonb, application boolean DEFAULT false, demo boolean DEFAULT false, web boolean DEFAULT false,
  license varchar(32) DEFAULT 'LGPL-3', sequence integer DEFAULT 100, auto_install boolean DEFAULT false,
  to_buy boolean DEFAULT false, maintainer varchar, published_version varchar, url varchar, contributors text,
  imported boolean DEFAULT false
);
CREATE INDEX ir_module_module_state_index ON ir_module_module (state);
CREATE TABLE ir_attachment (
  id serial PRIMARY KEY, res_id integer, company_id integer, file_size integer, create_uid integer, write_uid integer,
  name varchar NOT NULL, res_model varchar, res_field varchar, type varchar NOT NULL DEFAULT 'binary',
  url varchar(1024), access_token varchar, store_fname varchar, checksum varchar(40), mimetype varchar,
  description text, index_content text, public boolean DEFAULT false, create_date timestamp DEFAULT now(),
  write_date timestamp DEFAULT now(), db_datas bytea
);
CREATE INDEX ir_attachment_store_fname_index ON ir_attachment (store_fname);
CREATE INDEX ir_attachment_checksum_index ON ir_attachment (checksum);
CREATE TABLE ir_config_parameter (
  id serial PRIMARY KEY, create_uid integer, write_uid integer, key varchar NOT NULL UNIQUE, value text NOT NULL,
  create_date timestamp DEFAULT now(), write_date timestamp DEFAULT now()
);
CREATE TABLE ir_cron (
  id serial PRIMARY KEY, ir_actions_server_id integer NOT NULL, user_id integer NOT NULL DEFAULT 1,
  interval_number integer NOT NULL DEFAULT 1, priority integer DEFAULT 5, failure_count integer DEFAULT 0,
  create_uid integer, write_uid integer, cron_name varchar, interval_type varchar NOT NULL DEFAULT 'days',
  active boolean DEFAULT true, nextcall timestamp NOT NULL DEFAULT now(), lastcall timestamp,
  first_failure_date timestamp, create_date timestamp DEFAULT now(), write_date timestamp DEFAULT now()
);
CREATE TABLE ir_model_data (
  id serial PRIMARY KEY, create_uid integer, create_date timestamp DEFAULT now(), write_date timestamp DEFAULT now(),
  write_uid integer, res_id integer, noupdate boolean DEFAULT false, name varchar NOT NULL, module varchar NOT NULL,
  model varchar NOT NULL
);
CREATE TABLE ir_mail_server (
  id serial PRIMARY KEY, smtp_port integer DEFAULT 25, sequence integer DEFAULT 10, create_uid integer,
  write_uid integer, name varchar NOT NULL, from_filter varchar, smtp_host varchar,
  smtp_authentication varchar NOT NULL DEFAULT 'login', smtp_user varchar, smtp_pass varchar,
  smtp_encryption varchar NOT NULL DEFAULT 'none', smtp_debug boolean DEFAULT false, active boolean DEFAULT true,
  create_date timestamp DEFAULT now(), write_date timestamp DEFAULT now()
);
CREATE TABLE fetchmail_server (
  id serial PRIMARY KEY, name varchar NOT NULL, server varchar, port integer, "user" varchar, password varchar,
  active boolean DEFAULT true, state varchar DEFAULT 'draft'
);
CREATE TABLE auth_oauth_provider (
  id serial PRIMARY KEY, name varchar NOT NULL, client_id varchar, client_secret varchar, enabled boolean DEFAULT false,
  auth_endpoint varchar NOT NULL DEFAULT '', validation_endpoint varchar NOT NULL DEFAULT '', sequence integer
);
CREATE TABLE ir_ui_view (
  id serial PRIMARY KEY, name varchar NOT NULL, key varchar, type varchar DEFAULT 'qweb', arch_db jsonb,
  active boolean DEFAULT true
);
-- A table of the business itself.
CREATE TABLE shop_order (
  id serial PRIMARY KEY, name varchar NOT NULL, amount numeric NOT NULL DEFAULT 0 CHECK (amount >= 0),
  user_id integer REFERENCES res_users (id), create_date timestamp DEFAULT now()
);

INSERT INTO ir_module_module (name, state, latest_version, license, author, application) VALUES
  ('base', 'installed', '19.0.1.3', 'LGPL-3', 'Odoo S.A.', false),
  ('web', 'installed', '19.0.1.0', 'LGPL-3', 'Odoo S.A.', false),
  ('mail', 'installed', '19.0.1.19', 'LGPL-3', 'Odoo S.A.', true),
  ('shop', 'installed', '19.0.1.0', 'LGPL-3', 'Example', true);
INSERT INTO ir_module_module (name, state, license, author) VALUES
  ('stock', 'uninstalled', 'LGPL-3', 'Odoo S.A.'), ('website', 'uninstalled', 'LGPL-3', 'Odoo S.A.'),
  ('test_lint', 'uninstallable', 'LGPL-3', 'Odoo S.A.');
-- A pure Community database has 25 of them: 21 to buy, 4 themes.
INSERT INTO ir_module_module (name, state, license, author, to_buy)
  SELECT name, 'uninstallable', 'OEEL-1', 'Odoo S.A.', true FROM unnest(string_to_array(
    'account_accountant appointment approvals documents helpdesk hr_appraisal industry_fsm knowledge marketing_automation '
    'mrp_plm mrp_workorder planning quality_control sale_amazon sale_subscription sign social timesheet_grid '
    'voip web_mobile web_studio', ' ')) AS name;
INSERT INTO ir_module_module (name, state, license, author)
  SELECT name, 'uninstalled', 'OEEL-1', 'Odoo S.A.'
  FROM unnest(ARRAY['l10n_be_reports_post_wizard', 'l10n_cl_edi_post', 'sale_ebay', 'test_l10n_us_hr_payroll']) AS name;

INSERT INTO ir_config_parameter (key, value) VALUES
  ('database.uuid', gen_random_uuid()::text), ('database.secret', gen_random_uuid()::text),
  ('database.create_date', to_char(now(), 'YYYY-MM-DD HH24:MI:SS')), ('web.base.url', 'http://localhost:8069'),
  ('base.login_cooldown_after', '10'), ('base.login_cooldown_duration', '60');
INSERT INTO ir_cron (ir_actions_server_id, cron_name, active, interval_type) VALUES
  (1, 'Base: Auto-vacuum internal data', true, 'days'), (2, 'Mail: Email Queue Manager', true, 'hours'),
  (3, 'Shop: Remind of unpaid orders', true, 'days'), (4, 'Base: Portal Users Deletion', true, 'days');
INSERT INTO ir_model_data (name, module, model, res_id) VALUES
  ('autovacuum_job', 'base', 'ir.cron', 1), ('ir_cron_mail_scheduler_action', 'mail', 'ir.cron', 2),
  ('ir_cron_remind', 'shop', 'ir.cron', 3), ('ir_cron_res_users_deletion', 'base', 'ir.cron', 4);
INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_user, smtp_encryption) VALUES
  ('Company mail', 'mail.example.com', 587, 'shop', 'starttls');
INSERT INTO auth_oauth_provider (name, client_id, enabled) VALUES ('Example ID', 'shop', true);
INSERT INTO ir_ui_view (name, key) VALUES ('Login', 'web.login'), ('Frontend', 'web.layout');
-- Passwords as passlib writes them: admin/admin, demo/demo (few rounds: this is no place to keep one).
INSERT INTO res_users (login, password) VALUES
  ('__system__', NULL),
  ('admin', '$pbkdf2-sha512$1000$c2xpcHdheS1hZG1pbi0wMQ$P2T2eZDI2FfPjGkr9NVqeXT3WbnLOm125KFXrCBMkSbxI5iHRyAmNbT54Vyggq7UKtMkj7CXosWe8hxSGc.WKQ'),
  ('demo', '$pbkdf2-sha512$1000$c2xpcHdheS1kZW1vLS0wMQ$E2trsdjgrsZ7znXu9bdkOJLH2djm1Og.z7sZ7e1s8d1M/dA1MlBppIQm6I7TbSUWtscoq/z/fLRIPVoHAQnxrQ');
INSERT INTO shop_order (name, amount, user_id) SELECT 'SO' || lpad(n::text, 5, '0'), n % 997, 2 + n % 2 FROM generate_series(1, 200) n;
