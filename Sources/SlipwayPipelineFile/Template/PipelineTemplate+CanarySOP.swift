extension PipelineTemplate {
  // Written by scripts/embed-examples from examples/canary-sop/slipway.yaml.
  static let canarySOP = #"""
    # A deployment procedure as a file: dependencies, backup, green beside blue, migration, canary 10 % → 50 % → 100 %
    # with a watch between, smoke tests and user flows, three ways back, exit gates. `./run good` plays it.
    #
    # The times are those of a demonstration. Where the procedure asks for others, a comment says them.

    project: shop

    roles:
      release-manager: [ann, bob]
      sre: [carol]

    # A demonstration on one machine: whoever says to be ann is believed. Never write `claimed: true` where it matters.
    identity: {local: true, claimed: true}

    # Backups: checked copies of database and files, made before anything changes.
    snapshots:
      folder: work/snapshots
      keep: 7
      keep_for: 14d

    environments:
      staging:
        deploy: &shop
          # Green beside blue as local processes; `commands:` drives Kubernetes, Compose or any tool instead.
          processes:
            run: exec "$SHOP_PYTHON" app/server.py
            ports: {a: 29111, b: 29112}
            environment: &database-user
              SHOP_PYTHON: ${file:work/python}
              PGUSER: shop
              PGPASSWORD: ${file:work/secrets/shop}
        traffic: {router: {listen: "127.0.0.1:29110"}}
        data:
          postgres:
            server: postgresql://postgres:${file:work/secrets/postgres}@127.0.0.1:29120/postgres
            database: shop_staging
            files: &uploads
              folder: work/files/staging
              names: sha256
              references: SELECT path, sha256 FROM uploads
            migrate: ./migrate.sh
            environment: *database-user
        health: {path: /healthz, every: 500ms, tries: 60}
        version: {path: /version}

      production:
        protected: true
        deploy:
          processes:
            run: exec "$SHOP_PYTHON" app/server.py
            ports: {a: 29101, b: 29102}
            environment: *database-user
        traffic: {router: {listen: "127.0.0.1:29100"}}
        data:
          postgres:
            server: postgresql://postgres:${file:work/secrets/postgres}@127.0.0.1:29120/postgres
            database: shop_production
            files: {folder: work/files/production, names: sha256, references: "SELECT path, sha256 FROM uploads"}
            migrate: ./migrate.sh
            environment: *database-user
        health: {path: /healthz, every: 500ms, tries: 60}
        version: {path: /version}

    promotions:
      # The rehearsal: the same migration on staging's own data, backed up and checked just the same.
      - to: staging
        migration: restorable
        rollout: {steps: [100%], watch: 1s}
        watch: {every: 250ms}
        verify:
          before_traffic:
            - command: {name: smoke, run: python3 checks/flow.py smoke}

      - from: staging
        to: production
        gates:
          - verified
          - tests: {minimum: 1}
          - reviews: [devops]
          # What the release stands on; all critical ones must be well, or nothing begins.
          - dependencies:
              - {name: payments, http: {url: "http://127.0.0.1:29121/payments/test", contains: approved}}
              - name: provider-status
                critical: false
                http: {url: "http://127.0.0.1:29121/status", contains: operational}
              - {name: mail, smtp: {host: 127.0.0.1, port: 29122, from: shop@example.com, to: postmaster@example.com}}
              - name: orders-readable
                sql:
                  url: postgresql://shop:${file:work/secrets/shop}@127.0.0.1:29120/shop_production
                  query: SELECT count(*) > 0 FROM schema_migrations
                  expect: t
              - {name: shop-password, secret: "${file:work/secrets/shop}"}
          - rollback-target
          # - window: quiet-hours        # with `windows:` at the top; an exit code 2 then says when the next one opens
        approval:
          by: {release-manager: 1}
          expires: 4h
        # Both releases work on the same data while traffic moves. Going back restores the backup beside the damaged
        # data, verifies it, and gives it the live name; what was written since is counted, said, and kept.
        migration: restorable
        rollout: {steps: [10%, 50%, 100%], watch: 6s}   # the procedure: 5m
        watch:
          every: 250ms
          window: 6s                                    # the procedure: 5m
          minimum_requests: 20
          patience: 60s
          rules:
            - error_rate: {roll_back_above: 5%, pause_above: 1%}
            - p95: {pause_above: 3s, alert_above: 500ms}   # the procedure: pause_above 500ms, on a machine of its own
            - crashes: {roll_back_above: 0}
        verify:
          before_traffic:
            - command: {name: smoke, run: python3 checks/flow.py smoke}
            - command: {name: flow-order, run: python3 checks/flow.py order}
            - command: {name: flow-upload, run: python3 checks/flow.py upload}
          after_rollout:
            - command: {name: smoke, run: python3 checks/flow.py smoke}
            - command: {name: flow-order, run: python3 checks/flow.py order}
            - command: {name: flow-upload, run: python3 checks/flow.py upload}
        # A step that only a person can do; others become `manual` or `assisted` with `automation:`.
        confirm:
          - id: look-at-the-books
            instructions: "Compare today's takings with yesterday's. If they are not well: slipway abort RUN --reason …"
            place: after-rollout
        rollback:
          # Goes back by itself; `ask` stops, and a person decides what may be left behind.
          writes: set-aside
          keep_blue: 24h
          roles: [sre]
        # What closes the run, after success only.
        exit:
          - {id: monitoring, blocking: false, run: python3 checks/alert.py}
          - id: stage
            sql:
              database: postgresql://shop:${file:work/secrets/shop}@127.0.0.1:29120/shop_desk
              update: UPDATE workflow SET stage = 'released', release = ${release} WHERE service = ${project}
          - {id: handoff, handoff: work/handoff.md}

    # Told about everything that matters, as JSON on standard input.
    notify:
      - run: cat >>work/told.jsonl; echo >>work/told.jsonl

    """#
}
