extension PipelineTemplate {
  // Written by scripts/embed-examples from examples/odoo-blue-green/slipway.yaml.
  static let odooBlueGreen = #"""
    # Blue-green with a database and a filestore: what was prepared and tested in staging becomes production, data
    # included. Eight steps in fixed order: create the run, snapshot staging, back up production, restore the snapshot
    # as green, smoke tests on green, switch traffic, watch, finalize. `./run good` plays it.
    #
    # The times are those of a demonstration. Where the procedure asks for others, a comment says them.

    project: odoo

    roles:
      release-manager: [ann, bob]
      sre: [carol]

    # A demonstration on one machine: whoever says to be ann is believed. Never write `claimed: true` where it matters.
    identity: {local: true, claimed: true}

    # Rules that nobody gets around, whatever else is changed in this file.
    guardrails: guardrails.yaml

    snapshots:
      folder: work/snapshots
      keep: 7
      keep_for: 14d

    environments:
      staging:
        deploy:
          processes:
            run: exec ./code.sh work/code/staging-$SLIPWAY_SLOT "$ODOO_PYTHON" odoo/server.py
            ports: {a: 29211, b: 29212}
            environment: &odoo
              ODOO_PYTHON: ${file:work/python}
              PGUSER: odoo
              PGPASSWORD: ${file:work/secrets/odoo}
        traffic: {router: {listen: "127.0.0.1:29210"}}
        data:
          postgres:
            server: postgresql://postgres:${file:work/secrets/postgres}@127.0.0.1:29220/postgres
            # Each slot has a database and a filestore; which one serves changes with each promotion.
            databases: {a: odoo_staging_a, b: odoo_staging_b}
            files: {folders: {a: work/filestore/staging-a, b: work/filestore/staging-b}}
            migrate: ./migrate.sh
            environment: *odoo
            odoo:
              # These must be installed, and their code must be in one of these folders.
              modules: [base, web, mail, shop]
              addons: ["releases/${release}", odoo/addons]
        # Not /web/health: that page is green while the application's own database is broken.
        health: &health {path: /web/login, every: 500ms, tries: 60}
        version: {path: /release}

      production:
        protected: true
        deploy:
          processes:
            run: exec ./code.sh work/code/production-$SLIPWAY_SLOT "$ODOO_PYTHON" odoo/server.py
            ports: {a: 29201, b: 29202}
            environment:
              ODOO_PYTHON: ${file:work/python}
              PGUSER: odoo
              PGPASSWORD: ${file:work/secrets/odoo}
              # Trouble that `./run breach` makes, once traffic has moved.
              ODOO_ERRORS_FILE: work/errors
        traffic: {router: {listen: "127.0.0.1:29200"}}
        data:
          postgres:
            server: postgresql://postgres:${file:work/secrets/postgres}@127.0.0.1:29220/postgres
            databases: {a: odoo_production_a, b: odoo_production_b}
            files: {folders: {a: work/filestore/production-a, b: work/filestore/production-b}}
            migrate: ./migrate.sh
            environment: *odoo
            odoo:
              modules: [base, web, mail, shop]
              addons: ["releases/${release}", odoo/addons]
              base_url: http://127.0.0.1:29200          # staging's own would stand there otherwise
        health: *health
        version: {path: /release}

    promotions:
      # Staging's own data are copied, and the release's migrations run on the copy.
      - to: staging
        green_data: copy
        migration: restorable
        rollout: {steps: [100%], watch: 1s}
        watch: {every: 250ms}
        rollback: {writes: set-aside, keep_blue: 1h}

      - from: staging
        to: production
        # Green gets staging's database and filestore; what users have written to production stays in blue's. `copy`
        # takes production's own data instead, and pauses writes until the cutover.
        green_data: source
        gates:
          - verified
          - tests: {minimum: 1}
          - same-commit
          - rollback-target
          # Free disk of three times production's size, its database and files reachable: `data-ready` is always judged.
        approval:
          by: {release-manager: 1}
          expires: 4h
        rollout: {steps: [100%], watch: 6s}             # the procedure: 5m
        watch:
          every: 250ms
          window: 6s                                    # the procedure: 5m
          minimum_requests: 20
          patience: 60s
          rules:
            - error_rate: {roll_back_above: 1%}
            - crashes: {roll_back_above: 0}
            - database_errors: {roll_back_above: 0}
        # The five smoke tests. Each is asked of green before anybody is sent there.
        verify:
          before_traffic:
            - http: {name: health-page, path: /web/login}
            - sql: {name: database, query: SELECT 1, expect: 1}
            - odoo: {name: modules, aspects: [modules, registry, proprietary]}
            - files: {name: attachments, sample: 5}
            - sign-in:
                name: sign-in
                path: /web/login
                form: {login: demo, password: "${file:work/secrets/demo}"}
                csrf: csrf_token
                session: session_id
                then: {path: /odoo, contains: demo}
        rollback:
          # Goes back by itself; what was written to green is counted, said, and kept under a dated name.
          writes: set-aside
          keep_blue: 24h                                # the rollback window: blue is deleted after it
          roles: [sre]

    notify:
      - run: cat >>work/told.jsonl; echo >>work/told.jsonl

    """#
}
