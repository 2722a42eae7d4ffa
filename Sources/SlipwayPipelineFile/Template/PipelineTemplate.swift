/// The pipeline files that `slipway init` writes: complete, valid, and with comments that teach.
package enum PipelineTemplate {
  /// The examples that can be asked for by name.
  package static var names: [String] { examples.map(\.name) }

  /// The text of an example, or of the general file; nil when there is no such example.
  package static func text(example: String?) -> String? {
    guard let example else { return header + general }
    return examples.first { $0.name == example }.map { header + $0.text }
  }

  // The schema is written beside the file by `init`; editors with the YAML language server read this line.
  private static let header = "# yaml-language-server: $schema=slipway.schema.json\n"

  private static let examples: [(name: String, text: String)] = [
    ("service-sop", serviceSOP), ("odoo-blue-green", odooBlueGreen), ("canary-sop", canarySOP),
    ("release-train", releaseTrain), ("production-readiness", productionReadiness),
  ]

  private static let general = #"""
    # How releases of this project reach production. `slipway check` says what is wrong in here, `slipway plan RELEASE
    # --to production` shows what would happen, and nothing happens that this file does not say.
    #
    # Lengths of time are written 30s, 5m, 2h or 1h30m, percentages with their sign: 5%.

    project: shop

    # Who may say yes. One person counts once, and never for their own request unless the approval says so.
    roles:
      release-manager: [ann, bob]
      sre: [carol, dave]

    # How those people prove who they are: here the user of the operating system. Where several share a machine, sign with
    # SSH keys, 'ssh: {allowed_signers: ops/allowed_signers}', or sign in, 'oidc: {issuer: https://…, client: slipway}'.
    identity:
      local: true

    # When promotions may begin, in local time; daylight saving follows from the zone.
    windows:
      office-hours:
        zone: Europe/Berlin
        open: [Tue-Thu 10:00-14:00, Fri 10:00-12:00]

    # When nothing may move. More come and go with `slipway freeze add`.
    freezes:
      - name: year-end
        from: 2026-12-20T00:00:00+01:00
        until: 2027-01-04T00:00:00+01:00
        reason: the books are closed
        environments: [production]

    # Every environment has two slots, a and b. One serves (blue), the other takes the next release (green); going back is
    # a switch, because the old release still runs.
    environments:
      staging:
        deploy:
          # Slipway starts the service itself, once per slot, and keeps it running. The command sees PORT,
          # SLIPWAY_RELEASE, SLIPWAY_ARTIFACT, SLIPWAY_DIGEST, SLIPWAY_COMMIT and SLIPWAY_SLOT.
          processes:
            run: ./bin/shop --port $PORT
            ports: {a: 7001, b: 7002}
            # Secrets stand here by reference only: ${env:NAME} or ${file:PATH}, read at the moment of use.
            environment: {DATABASE_URL: "${env:STAGING_DATABASE_URL}"}
        traffic:
          # Slipway's own router. Left out, it listens on 127.0.0.1:8080.
          router: {listen: 127.0.0.1:7000}
        health: {path: /healthz, every: 1s, tries: 36}
        # Proves that the right release answers: the body must contain its id.
        version: {path: /version}

      production:
        # Protected: approval, verification before, a watch that can roll back, and automatic rollback are compulsory.
        protected: true
        deploy:
          # Any deploy tool. `run` must be harmless when repeated; `read_back` prints what a slot holds, so that Slipway
          # looks before it acts again after a crash.
          commands:
            run: ./deploy.sh
            read_back: ./current.sh
            destroy: ./remove.sh
            addresses: {a: 10.0.0.1:8000, b: 10.0.0.2:8000}
            timeout: 10m
        traffic:
          # HAProxy, steered through its runtime API; the percentage stands in a map.
          haproxy:
            socket: /run/haproxy/admin.sock
            map: /etc/haproxy/split.map
            servers: {a: app_a/a, b: app_b/b}
            url: http://127.0.0.1:8080
        health: {path: /healthz, every: 10s, tries: 36}
        version: {path: /version}
        # Left out, a watch uses the counters of the traffic plane; HAProxy's have no latencies.
        metrics:
          prometheus:
            url: http://127.0.0.1:9090
            requests: 'sum(http_requests_total{slot="${slot}"})'
            errors: 'sum(http_requests_total{slot="${slot}",code=~"5.."})'
            latency: 'sum by (le) (http_request_duration_seconds_bucket{slot="${slot}"})'
            headers: {Authorization: "Bearer ${file:prometheus.token}"}

    promotions:
      # Into staging goes every registered release, all traffic at once.
      - to: staging
        rollout: {steps: [100%], watch: 10s}

      - from: staging
        to: production
        # All must pass before anything is touched. Missing proof never passes.
        gates:
          - verified                        # in staging, with this very digest
          - soak: 1h                        # live there without a break; the promotion waits
          - tests: {minimum: 1}             # handed in with `slipway report add RELEASE --kind junit FILE`
          - coverage: 80%
          - vulnerabilities: {critical: 0, high: 0}
          - immutable-reference             # named by digest, never by `latest`
          - window: office-hours
          - no-freeze
          - rollback-target                 # what serves now can be gone back to
          # - reviews: [ba, architect, security, devops, e2e]
          # - command: {name: licence-check, run: ./licences.sh, timeout: 1m}
        # Bound to the plan's digest: what changes after a yes needs a new one.
        approval:
          by: {release-manager: 1, sre: 1}
          expires: 24h
        # Steps that a person does and confirms with `slipway confirm RUN tell-support --note …`.
        confirm:
          - id: tell-support
            instructions: Tell the support desk that a new version is coming.
            place: before-traffic
        rollout: {steps: [10%, 50%, 100%], watch: 5m}
        watch:
          every: 2s
          minimum_requests: 50              # below this there is no verdict, and no verdict never passes
          window: 5m
          patience: 10m
          when_undecided: pause             # or roll-back
          rules:
            - error_rate: {roll_back_above: 5%, pause_above: 1%}
            - error_rate_increase: {roll_back_above: 1%}
            - p95: {pause_above: 500ms}
            - p99_increase: {alert_above: 5%, pause_above: 10%, roll_back_above: 100%}
            - availability: {roll_back_below: 99%, pause_below: 99.9%}
            # - crashes: {roll_back_above: 0}   # where Slipway runs the processes itself
        verify:
          before_traffic:
            - http: {name: login, path: /login, contains: Welcome}
            - command: {name: smoke, run: ./smoke.sh "$SLIPWAY_URL", timeout: 1m}
          after_rollout:
            - http: {name: front-door, path: /login, contains: Welcome}
        rollback:
          keep_blue: 24h                    # the old release stays startable this long
          roles: [sre]                      # who may go back by hand

    # Told about milestones, with the message as JSON on standard input. A failing one stops nothing.
    notify:
      - run: ./tell-team.sh
        environment: {CHAT_TOKEN: "${env:CHAT_TOKEN}"}

    """#
}
