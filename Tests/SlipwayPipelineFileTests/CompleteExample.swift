import SlipwayModel

/// A file that uses the whole grammar, and the pipeline it stands for, written by hand.
enum CompleteExample {
  static let text = #"""
    project: shop
    roles:
      release-manager: [ann, bob]
      sre: [carol, ann]
    acceptances: {file: ops/acceptances.yaml, roles: [sre]}
    windows:
      office-hours: {zone: Europe/Berlin, open: [Tue-Thu 10:00-14:00, Fri 10:00-12:00, "Sat-Mon,Wed 22:00-24:00"]}
    freezes:
      - {name: year-end, from: 2026-12-20T00:00:00+01:00, until: 2027-01-04T00:00:00+01:00, reason: books are closed, environments: [production]}
    registries:
      registry.example.com:5000: {user: deploy, password: "${env:REGISTRY}", ca: ops/ca.pem}
      ghcr.io: {token: "${file:ghcr}"}
      10.0.0.9: {insecure: true}
    environments:
      staging:
        deploy:
          processes: {run: ./bin/shop --port $PORT, ports: {a: 7001, b: 7002}, environment: {DB: "${env:STAGING_DB}", WORKERS: 4}, directory: app, stop_grace: 3s}
        traffic:
          router:
            listen: 127.0.0.1:7000
            url: https://staging.example
            tls: {certificates: [{certificate: tls/shop.pem, key: tls/shop.key}], http2: false}
            sticky: 12h
            health: {path: /up, every: 3s, timeout: 4s, fall: 5, rise: 6, failures: 7}
            metrics: 127.0.0.1:7009
            timeouts: {header: 1s, idle: 2s, body: 3s, connect: 4s, answer: 5s, websocket: 6s, drain: 7s}
            limits: {header: 8192, body: 1000000, connections: 100, streams: 50}
            trust_forwarded: true
        metrics: {scrape: {urls: {a: "http://127.0.0.1:7001/metrics", b: "http://127.0.0.1:7002/metrics"}, requests: requests_total, errors: 'requests_total{code=~"5.."}'}}
        gauges:
          - {name: memory, unit: bytes, process: memory, roll_back_above: 512MiB, alert_above: 400MiB}
          - {name: pool, json: {url: "http://127.0.0.1:6432/stats", path: "$.pools['${slot}'].in_use"}, pause_above: 90}
        health: {path: /healthz, every: 1s, tries: 36, status: 204, timeout: 2s}
        version: {path: /version}
      edge:
        deploy: {processes: {run: ./edge, ports: {a: 7101, b: 7102}}}
        traffic: {envoy: {admin: "http://127.0.0.1:9901", file: /etc/envoy/edge.json, name: edge, url: "http://127.0.0.1:8101"}}
      mesh:
        deploy: {processes: {run: ./mesh, ports: {a: 7103, b: 7104}}}
        traffic: {traefik: {api: "http://127.0.0.1:8181", file: /etc/traefik/dynamic/mesh.yml, name: mesh, health: /up, url: "http://127.0.0.1:8102"}}
      site:
        deploy: {processes: {run: ./site, ports: {a: 7105, b: 7106}}}
        traffic: {nginx: {file: /etc/nginx/slipway/site.conf, name: site, pid: /run/nginx.pid, test: nginx -t, reload: systemctl reload nginx, status: "http://127.0.0.1:8182/slipway", url: "http://127.0.0.1:8103"}}
        metrics: {prometheus: {url: "http://127.0.0.1:9090", requests: 'r{slot="${slot}"}', errors: 'e{slot="${slot}"}'}}
      blog:
        deploy: {processes: {run: ./blog, ports: {a: 7107, b: 7108}}}
        traffic: {caddy: {admin: "http://127.0.0.1:2020", id: blog, url: "http://127.0.0.1:8104"}}
        metrics: {prometheus: {url: "http://127.0.0.1:9090", requests: 'r{slot="${slot}"}', errors: 'e{slot="${slot}"}'}}
      cluster:
        deploy: {processes: {run: ./cluster, ports: {a: 7109, b: 7110}}}
        traffic: {gateway-api: {server: "https://10.0.0.1:6443", namespace: shop, route: app, services: {a: app-a, b: app-b}, token: "${file:token}", ca: ops/ca.crt, url: "http://127.0.0.1:8105"}}
        metrics: {prometheus: {url: "http://127.0.0.1:9090", requests: 'r{slot="${slot}"}', errors: 'e{slot="${slot}"}'}}
      production:
        protected: true
        deploy:
          commands: {run: ./deploy.sh, read_back: ./current.sh, destroy: ./remove.sh, addresses: {a: 10.0.0.1:80, b: 10.0.0.2:80}, timeout: 10m, directory: ops, environment: {T: "x ${file:t}"}}
        traffic:
          haproxy: {socket: /run/haproxy/admin.sock, map: /etc/haproxy/split.map, servers: {a: app_a/app, b: app_b/app}, url: http://127.0.0.1:8080}
        metrics:
          prometheus: {url: "http://127.0.0.1:9090", requests: 'sum(http_requests_total{slot="${slot}"})', errors: 'e{slot="${slot}"}', latency: 'l{v="${release}"}', headers: {Authorization: "Bearer ${file:prom.token}"}, timeout: 3s}
        data:
          commands: {snapshot: ./copy.sh, migrate: ./migrate.sh, restore: ./restore.sh, read_back: ./ask.sh, directory: data, timeout: 20m, environment: {DSN: "${file:dsn}"}}
        gauges:
          - {name: memory, json: {url: "http://10.0.0.1/stats", path: $.memory}}
          - {name: disk-free, json: {url: "http://10.0.0.1/stats", path: $.disk}}
        after:
          alive:
            until: 4m
            every: 15s
            checks: [liveness, readiness, {processes: {then: ask-rollback, looks: 2}}, version, {traffic: {minimum: 10}}, {command: {name: logs, run: ./logs.sh}}]
          healthy:
            until: 20m
            every: 2m
            checks:
              - error_rate: {above: 2%, then: ask-rollback}
              - p99_increase: {above: 15%, looks: 4}
              - throughput: {below: 60%, above: 300%}
              - dependencies
              - alerts: {url: "http://am:9093", matchers: ['severity="critical"'], headers: {Authorization: "Bearer ${file:am.token}"}, timeout: 4s}
              - monitoring: {prometheus: "http://p:9090", alertmanager: "http://am:9093", rules: {queue: queue_depth}, headers: {X: "${env:X}"}, timeout: 6s}
              - check: {test: {http: {name: cart, path: /cart}}, then: ask-rollback, looks: 3}
          lasting:
            until: 12h
            every: 5m
            checks:
              - trend: {gauge: memory, above: 2000.5, within: 48h}
              - trend: {name: disk, gauge: disk-free, below: 10, within: 7d, then: ask-rollback}
              - trend: {name: all, grows: 50%, within: 24h}
              - trend: {name: rising, gauge: memory, rises_per_hour: 5}
              - trend: {name: falling, gauge: disk-free, falls_per_hour: 1.5}
              - figure: {name: orders, sql: {url: "postgresql://shop:${env:SHOP_DB}@db/shop", query: SELECT 1}, drop: 20%, timeout: 9s}
              - figure: {name: basket, http: {url: "http://bi/api", path: data.0.value, headers: {K: "${env:K}"}}, below: -1, above: 100.5}
              - figure: {name: queue, command: {run: ./queue.sh, environment: {Q: "${env:Q}"}}, rise: 300%}
    promotions:
      - to: staging
      - from: staging
        to: production
        gates:
          - verified
          - soak: 1h
          - reviews: [ba, architect, security, devops, e2e]
          - tests: {minimum: 7, name: load, max_age: 2h}
          - coverage: 80.5%
          - vulnerabilities: {critical: 0, high: 0}
          - immutable-reference: {platform: linux/amd64, registry: skip}
          - provenance: {keys: [ops/a.pub, ops/b.pub], threshold: 2, builder: "https://ci/b", source: git+https://git/shop, predicate: https://slsa.dev/provenance/v1}
          - window: office-hours
          - no-freeze
          - rollback-target
          - command: {name: licence-check, run: ./licences.sh, timeout: 2m}
        approval: {by: {release-manager: 1, sre: 1}, expires: 12h, own_request: true}
        confirm:
          - {id: tell-support, instructions: Tell the support desk., place: before-deploy}
        migration: restorable
        exit:
          - {id: monitoring, run: ./fire-alert.sh, environment: {KEY: "${env:ALERTS}"}, timeout: 4m, blocking: false}
          - id: stage
            sql:
              database: "postgresql://shop:${env:SHOP_DB}@db/shop"
              update: "UPDATE services SET stage = 'released', version = ${release} WHERE name = ${project}"
              rows: 2
              read_back: "SELECT version = ${release} FROM services WHERE name = ${project}"
          - {id: handoff, handoff: "handoff/${environment}-${release}.md"}
        automation: {default: assisted, shift: manual, shift-40: automatic}
        rollout: {steps: [10%, 40%, 100%], watch: 6m}
        watch:
          every: 4s
          minimum_requests: 60
          window: 3m
          patience: 9m
          when_undecided: roll-back
          judge: {sequential: {warm_up: 20s, on_worse: roll-back, error_budget: 1%, dispersion: 3, on_avoided: warn}}
          rules:
            - error_rate: {roll_back_above: 5%, pause_above: 1%}
            - error_rate_increase: {roll_back_above: 1%}
            - p95: {pause_above: 500ms}
            - p99_increase: {alert_above: 5%, pause_above: 10%, roll_back_above: 100%}
            - availability: {roll_back_below: 99.9%}
        verify:
          before_traffic:
            - http: {name: login, path: "/login?v=${release}", status: 302, contains: Welcome, timeout: 6s}
            - command: {name: smoke, run: ./smoke.sh, timeout: 3m}
          after_rollout:
            - http: {name: front, path: /}
        rollback: {automatic: true, keep_blue: 2d, keep_green: true, roles: [sre]}
    notify:
      - {run: ./tell-team.sh, environment: {TOKEN: "${env:CHAT_TOKEN}"}}
    identity:
      oidc: {issuer: "https://id.example.com/realm", client: slipway, client_secret: "${env:OIDC_SECRET}", name: preferred_username, groups: realm_access.roles, teams: teams, mfa: [otp, hwk], max_age: 5m}
      ssh: {allowed_signers: ops/signers, second_factor: true}
      local: true
    requests:
      folder: shared/requests
      s3: {endpoint: "http://127.0.0.1:8333", region: eu-central-1, bucket: approvals, prefix: team/shop, access_key: "${env:S3_KEY}", secret_key: "${file:s3.secret}", link: "https://docs.example.com/approvals"}

    """#

  static let pipeline = Pipeline(
    project: "shop", roles: ["release-manager": ["ann", "bob"], "sre": ["carol", "ann"]],
    windows: [
      "office-hours": Window(
        zone: "Europe/Berlin",
        ranges: [
          WeeklyRange(days: [.tuesday, .wednesday, .thursday], fromMinute: 600, toMinute: 840),
          WeeklyRange(days: [.friday], fromMinute: 600, toMinute: 720),
          WeeklyRange(days: [.monday, .wednesday, .saturday, .sunday], fromMinute: 1_320, toMinute: 1_440),
        ])
    ],
    freezes: [
      // 2026-12-19T23:00:00Z and 2027-01-03T23:00:00Z.
      Freeze(
        name: "year-end", from: Timestamp(milliseconds: 1_797_721_200_000),
        until: Timestamp(milliseconds: 1_799_017_200_000),
        reason: "books are closed", environments: ["production"])
    ],
    environments: [staging] + planes + [production],
    promotions: [PromotionSpec(from: nil, to: "staging", watch: unprotectedWatch), promotion],
    notify: [NotifySpec(run: "./tell-team.sh", environment: ["TOKEN": SecretText("${env:CHAT_TOKEN}")])],
    identity: IdentitySpec(
      oidc: OIDCSpec(
        issuer: "https://id.example.com/realm", client: "slipway", clientSecret: SecretText("${env:OIDC_SECRET}"),
        nameClaim: "preferred_username", groupsClaim: "realm_access.roles", teamsClaim: "teams", mfa: ["otp", "hwk"],
        maxAge: .minutes(5)),
      ssh: SSHSpec(allowedSigners: "ops/signers", countsAsMFA: true), local: true),
    acceptances: AcceptanceSpec(file: "ops/acceptances.yaml", roles: ["sre"]),
    requests: RequestsSpec(
      folder: "shared/requests",
      s3: BucketSpec(
        endpoint: "http://127.0.0.1:8333", region: "eu-central-1", bucket: "approvals", prefix: "team/shop",
        accessKey: SecretText("${env:S3_KEY}"), secretKey: SecretText("${file:s3.secret}"),
        link: "https://docs.example.com/approvals")),
    registries: [
      "registry.example.com:5000": RegistrySpec(
        user: SecretText("deploy"), password: SecretText("${env:REGISTRY}"), ca: "ops/ca.pem"),
      "ghcr.io": RegistrySpec(token: SecretText("${file:ghcr}")), "10.0.0.9": RegistrySpec(insecure: true),
    ])

  private static let router = {
    var router = RouterSpec(listen: "127.0.0.1:7000")
    router.url = "https://staging.example"
    router.tls = RouterTLS(
      certificates: [CertificateFiles(certificate: "tls/shop.pem", key: "tls/shop.key")], http2: false)
    router.sticky = .hours(12)
    router.health = RouterHealth(
      path: "/up", every: .seconds(3), timeout: .seconds(4), fall: 5, rise: 6, failures: 7)
    router.metrics = "127.0.0.1:7009"
    var timeouts = RouterTimeouts()
    (timeouts.header, timeouts.idle, timeouts.body) = (.seconds(1), .seconds(2), .seconds(3))
    (timeouts.connect, timeouts.answer) = (.seconds(4), .seconds(5))
    (timeouts.webSocket, timeouts.drain) = (.seconds(6), .seconds(7))
    router.timeouts = timeouts
    var limits = RouterBounds()
    (limits.header, limits.body, limits.connections, limits.streams) = (8_192, 1_000_000, 100, 50)
    router.limits = limits
    router.trustForwarded = true
    return router
  }()

  private static let staging = EnvironmentSpec(
    name: "staging",
    deploy: .processes(
      ProcessesSpec(
        run: "./bin/shop --port $PORT", portA: 7001, portB: 7002,
        environment: ["DB": SecretText("${env:STAGING_DB}"), "WORKERS": SecretText("4")], directory: "app",
        stopGrace: .seconds(3))),
    traffic: .router(router),
    metrics: .scrape(
      ScrapeSpec(
        url: .each(a: SecretText("http://127.0.0.1:7001/metrics"), b: SecretText("http://127.0.0.1:7002/metrics")),
        requests: "requests_total", errors: #"requests_total{code=~"5.."}"#)),
    gauges: [
      GaugeSpec(
        name: "memory", unit: "bytes", query: .process(.memory),
        limits: [WatchLimit(.rollBack, .above, 536_870_912), WatchLimit(.alert, .above, 419_430_400)]),
      GaugeSpec(
        name: "pool",
        query: .json(
          url: .both(SecretText("http://127.0.0.1:6432/stats")), path: "$.pools['${slot}'].in_use", headers: [:],
          timeout: .seconds(5)), limits: [WatchLimit(.pause, .above, 90)]),
    ],
    health: HealthSpec(path: "/healthz", status: 204, tries: 36, every: .seconds(1), timeout: .seconds(2)),
    version: VersionSpec(path: "/version"))

  private static let production = EnvironmentSpec(
    name: "production", protected: true,
    deploy: .commands(
      CommandsSpec(
        run: "./deploy.sh", readBack: "./current.sh", destroy: "./remove.sh", addressA: "10.0.0.1:80",
        addressB: "10.0.0.2:80", environment: ["T": SecretText("x ${file:t}")], directory: "ops", timeout: .minutes(10))
    ),
    traffic: .haproxy(
      HAProxySpec(
        socket: "/run/haproxy/admin.sock", map: "/etc/haproxy/split.map", serverA: "app_a/app", serverB: "app_b/app",
        url: "http://127.0.0.1:8080")),
    metrics: .prometheus(
      PrometheusSpec(
        url: SecretText("http://127.0.0.1:9090"), requests: #"sum(http_requests_total{slot="${slot}"})"#,
        errors: #"e{slot="${slot}"}"#, latency: #"l{v="${release}"}"#,
        headers: ["Authorization": SecretText("Bearer ${file:prom.token}")], timeout: .seconds(3))),
    gauges: [statistic("memory", "$.memory"), statistic("disk-free", "$.disk")],
    data: .commands(
      DataCommandsSpec(
        snapshot: "./copy.sh", migrate: "./migrate.sh", restore: "./restore.sh", readBack: "./ask.sh",
        environment: ["DSN": SecretText("${file:dsn}")], directory: "data", timeout: .minutes(20))),
    after: after)

  /// The default where the environment is not protected.
  static let unprotectedWatch = WatchSpec(judge: .sequential(SequentialSpec(onWorse: .rollBack)))

  private static let promotion = PromotionSpec(
    from: "staging", to: "production",
    gates: [
      .verified(in: "staging"), .soak(in: "staging", atLeast: .hours(1)),
      .reviews([.ba, .architect, .security, .devops, .e2e]), .tests(minimum: 7, name: "load", maxAge: .hours(2)),
      .coverage(lines: 80.5),
      .vulnerabilities(limits: [.critical: 0, .high: 0]), .immutableReference(platform: "linux/amd64", registry: .skip),
      .provenance(
        ProvenanceSpec(
          keys: ["ops/a.pub", "ops/b.pub"], threshold: 2, builder: "https://ci/b", source: "git+https://git/shop",
          predicate: "https://slsa.dev/provenance/v1")), .window("office-hours"), .noFreeze,
      .rollbackTarget, .command(name: "licence-check", run: "./licences.sh", timeout: .minutes(2)),
    ],
    approval: ApprovalSpec(
      rules: [ApprovalRule(role: "release-manager", count: 1), ApprovalRule(role: "sre", count: 1)],
      expires: .hours(12),
      ownRequest: true),
    confirms: [ConfirmSpec(id: "tell-support", instructions: "Tell the support desk.", place: .beforeDeploy)],
    rollout: RolloutSpec(steps: [10, 40, 100], watch: .minutes(6)),
    watch: WatchSpec(
      every: .seconds(4), minimumRequests: 60, window: .minutes(3), patience: .minutes(9), whenUndecided: .rollBack,
      rules: [
        WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.05), WatchLimit(.pause, .above, 0.01)]),
        WatchRule(.errorRateIncrease, [WatchLimit(.rollBack, .above, 0.01)]),
        WatchRule(.p95, [WatchLimit(.pause, .above, 0.5)]),
        WatchRule(
          .p99Increase,
          [WatchLimit(.rollBack, .above, 1), WatchLimit(.pause, .above, 0.1), WatchLimit(.alert, .above, 0.05)]),
        WatchRule(.availability, [WatchLimit(.rollBack, .below, 0.999)]),
      ],
      judge: .sequential(
        SequentialSpec(
          warmUp: .seconds(20), onWorse: .rollBack, errorBudget: 0.01, dispersion: 3, onAvoided: .warn))),
    verify: VerifySpec(
      beforeTraffic: [
        .http(name: "login", path: "/login?v=${release}", status: 302, contains: "Welcome", timeout: .seconds(6)),
        .command(name: "smoke", run: "./smoke.sh", timeout: .minutes(3)),
      ],
      afterRollout: [.http(name: "front", path: "/", status: 200, contains: nil, timeout: .seconds(5))]),
    rollback: RollbackSpec(automatic: true, keepBlue: .hours(48), keepGreen: true, roles: ["sre"]),
    migration: .restorable,
    automation: AutomationSpec(.assisted, named: ["shift": .manual, "shift-40": .automatic]),
    exits: [
      ExitGate(
        id: "monitoring",
        deed: .command(
          run: "./fire-alert.sh", environment: ["KEY": SecretText("${env:ALERTS}")], timeout: .minutes(4)),
        isBlocking: false),
      ExitGate(
        id: "stage",
        deed: .sql(
          SQLExit(
            database: SecretText("postgresql://shop:${env:SHOP_DB}@db/shop"),
            update: SQLTemplate(
              "UPDATE services SET stage = 'released', version = ${release} WHERE name = ${project}"), rows: 2,
            readBack: SQLTemplate("SELECT version = ${release} FROM services WHERE name = ${project}")))),
      ExitGate(id: "handoff", deed: .handoff(path: "handoff/${environment}-${release}.md")),
    ])
}
