extension Breakage {
  /// Wrong in form: refused by the reader and by the JSON Schema alike.
  static let structural: [Breakage] = [
    Breakage("project: shop", "§projct: shop", "did you mean 'project'?", count: 2),
    Breakage("project: shop", "project: §12", "did you mean '\"12\"'?"),
    Breakage("project: shop", "project: §a b", "did you mean 'a-b'?"),
    Breakage("project: shop", "project:§", "nothing stands here"),
    Breakage("project: shop", "project: §[shop]", "a list stands here"),
    Breakage("[ann, bob]", "§[]", "this list is empty"),
    Breakage("[ann, bob]", "[ann, §ann]", "twice"),
    Breakage("[ann, bob]", "§ann", "expected a list of people"),
    Breakage("zone: Europe/Berlin, ", "§zon: Europe/Berlin, ", "did you mean 'zone'?", count: 2),
    Breakage("open: [Tue-Thu 10:00-14:00]", "open: §[]", "this list is empty"),
    Breakage("Tue-Thu 10:00-14:00", "§Tue-Thu 10-14", "expected days and times"),
    Breakage("Tue-Thu 10:00-14:00", "§Dienstag 10:00-14:00", "expected days and times"),
    Breakage("2026-12-20T00:00:00+01:00", "§2026-12-20", "did you mean '2026-12-20T00:00:00Z'?"),
    Breakage("processes: {run", "§process: {run", "did you mean 'processes'?"),
    Breakage("a: 7001", "a: §70010", "expected a port from 1 to 65535"),
    Breakage("a: 7001", "a: §'7001'", "expected a port"),
    Breakage("{a: 7001, b: 7002}", "§{a: 7001}", "ports lacks 'b'"),
    Breakage("processes: {run: ./bin/shop, ", "processes: §{", "processes lacks 'run'"),
    Breakage("every: 2s", "§evry: 2s", "did you mean 'every'?"),
    Breakage("protected: true", "protected: §yes", "did you mean 'true'?"),
    Breakage("protected: true", "protected: §treu", "did you mean 'true'?"),
    Breakage("protected: true", "§protekted: true", "did you mean 'protected'?"),
    Breakage("url: \"http://127.0.0.1:9090\"", "url: §127.0.0.1:9090", "expected a URL"),
    Breakage("- verified", "- §verifed", "did you mean 'verified'?"),
    Breakage("- verified", "- §soaked: 1h\n      - verified", "did you mean 'soak'?"),
    Breakage("- verified", "- verified\n      - §window", "'window' says too little"),
    Breakage("- verified", "- verified\n      - no-freeze: §true", "'no-freeze' takes no value"),
    Breakage("- verified", "- verified\n      - reviews: [ba, §architekt]", "did you mean 'architect'?"),
    Breakage("- verified", "- verified\n      - coverage: §80", "did you mean '80%'?"),
    Breakage("- verified", "- verified\n      - vulnerabilities: {critical: §-1}", "expected a number of findings"),
    Breakage("soak: 1h", "soak: §60", "did you mean '60s'?"),
    Breakage("soak: 1h", "soak: §an hour", "expected a duration"),
    Breakage("- soak: 1h", "- §{soak: 1h, verified: {in: staging}}", "gate has 2 keys"),
    Breakage("{by: {release-manager: 1, sre: 1}}", "§{expires: 1h}", "approval lacks 'by'"),
    Breakage("release-manager: 1, sre: 1", "release-manager: §one", "expected a number of people"),
    Breakage("[10%, 50%, 100%]", "[§10, 50%, 100%]", "did you mean '10%'?"),
    Breakage("error_rate: {", "§eror_rate: {", "did you mean 'error_rate'?"),
    Breakage("pause_above: 1%", "§pause_below: 1%", "has no key 'pause_below'"),
    Breakage("pause_above: 1%", "pause_above: §1", "did you mean '1%'?"),
    Breakage(
      "rollout: {steps", "automation: §by-hand\n    rollout: {steps", "expected one of assisted, automatic, manual"),
    Breakage("rollout: {steps", "automation: {shift: §manul}\n    rollout: {steps", "did you mean 'manual'?"),
    Breakage("path: /login", "path: §login", "did you mean '/login'?"),
    Breakage("path: /login", "path: /login, status: §99", "expected an HTTP status"),
    Breakage("automatic: true", "automatic: §1", "expected true or false"),
    Breakage("- run: ./tell.sh", "- §{}", "a notification lacks 'run'"),
    Breakage("- run: ./tell.sh", "- run: §''", "expected a command line"),
    Breakage("listen: 127.0.0.1:7000", "listen: §7000", "expected host:port"),
  ]

  /// Well formed, and still refused.
  static let names: [Breakage] = [
    Breakage("- to: staging", "- to: §stagin", "environment 'stagin' is not in this file"),
    Breakage("- to: staging", "- to: §stagin", "did you mean 'staging'?"),
    Breakage("from: staging", "from: §stging", "did you mean 'staging'?"),
    Breakage("window: office-hours", "window: §ofice-hours", "did you mean 'office-hours'?"),
    Breakage("{release-manager: 1, sre: 1}", "{§relase-manager: 1}", "did you mean 'release-manager'?"),
    Breakage("{automatic: true}", "{roles: [§sree]}", "did you mean 'sre'?"),
    Breakage("reason: closed}", "reason: closed, environments: [§prod]}", "environment 'prod' is not in this file"),
    Breakage("Europe/Berlin", "§Europe/Berln", "did you mean 'Europe/Berlin'?"),
    Breakage("Europe/Berlin", "§PST", "no IANA time zone"),
    Breakage(
      "open: [Tue-Thu 10:00-14:00]}", "open: [Tue-Thu 10:00-14:00], discouraged: [§Fri 14:00-24:00]}",
      "never open in these hours"),
    Breakage(
      "open: [Tue-Thu 10:00-14:00]}", "open: [Tue-Thu 10:00-14:00], §when_discouraged: ask}", "no hours are discouraged"
    ),
    Breakage(
      "reason: closed}", "reason: closed}\n  - {name: §year-end, calendar: ops/holidays.ics}",
      "there is a freeze 'year-end' already"),
    Breakage(
      "reason: closed}", "reason: closed}\n  - {name: h, calendar: h.ics, §from: 2026-12-20T00:00:00Z}",
      "has no key 'from'"),
    Breakage(
      "reason: closed}", "reason: closed}\n  - {name: h, calendar: h.ics, zone: §Europe/Berln}",
      "did you mean 'Europe/Berlin'?"),
    Breakage("- soak: 1h", "- soak: {at_least: 1h, in: §stagin}", "did you mean 'staging'?"),
  ]

  static let meaning: [Breakage] = [
    Breakage("rollout: {steps", "exit: [§{id: m}]\n    rollout: {steps", "this exit gate does nothing"),
    Breakage(
      "rollout: {steps",
      "exit: [{id: s, sql: {database: postgresql://h/d, update: §\"DROP TABLE a\"}}]\n    rollout: {steps",
      "this SQL begins with 'DROP'"),
    Breakage(
      "rollout: {steps",
      "exit: [{id: s, sql: {database: postgresql://h/d, update: §\"UPDATE a SET b = '${project}'\"}}]\n    rollout: {steps",
      "a fact stands in quotes"),
    Breakage(
      "rollout: {steps",
      "exit: [{id: s, sql: {database: postgresql://h/d, update: §\"DELETE FROM a; DROP TABLE a\"}}]\n    rollout: {steps",
      "more than one statement"),
    Breakage("rollout: {steps", "exit: [{id: h, handoff: §../h.md}]\n    rollout: {steps", "no path of a file below"),
    Breakage(
      "rollout: {steps", "exit: [{id: h, handoff: §\"h/${relase}.md\"}]\n    rollout: {steps",
      "is not replaced in a path"),
    Breakage(
      "rollout: {steps", "exit: [{id: m, run: §\"true\"}]\n    rollout: {steps", "does nothing and always succeeds"),
    Breakage("rollout: {steps", "automation: {§shfit-10: manual}\n    rollout: {steps", "did you mean 'shift-10'?"),
    Breakage("rollout: {steps", "automation: {§watch: manual}\n    rollout: {steps", "people have no part in 'watch'"),
    Breakage("rollout: {steps", "automation: {§record: manual}\n    rollout: {steps", "people have no part in"),
    Breakage("- to: staging", "- to: staging\n    automation: §manual", "'deploy' cannot be done by hand"),
    Breakage(
      "rollout: {steps",
      "automation: assisted\n    confirm: [{id: §deploy, instructions: look, place: before-traffic}]\n    rollout: {steps",
      "is the name of the question before step 'deploy'"),
    Breakage(
      "  - from: staging\n", "  - to: §staging\n  - from: staging\n", "two promotions own the traffic of 'staging'"),
    Breakage(
      "{router: {listen: 127.0.0.1:7000}}\n  production:\n    protected: true\n",
      "{router: {listen: 127.0.0.1:8080}}\n  production:\n    §protected: true\n", "127.0.0.1:8080 is taken already"),
    Breakage("b: 7002", "b: §7001", "127.0.0.1:7001 is taken already"),
    Breakage("listen: 127.0.0.1:7000", "listen: §localhost:7002", "127.0.0.1:7002 is taken already"),
    Breakage("listen: 127.0.0.1:7000", "listen: §0.0.0.0:7002", "is taken already"),
    Breakage("b: 10.0.0.2:80", "b: §10.0.0.1:80", "10.0.0.1:80 is taken already"),
    Breakage("10:00-14:00]", "10:00-14:00, §Fri 14:00-10:00]", "never opens"),
    Breakage("10:00-14:00]", "10:00-14:00, §Fri 10:00-10:00]", "never opens"),
    Breakage("2027-01-04T00:00:00+01:00", "§2026-12-19T23:00:00Z", "ends before it begins"),
    Breakage("50%, 100%", "50%, §40%, 100%", "40% does not rise above 50%"),
    Breakage("50%, 100%", "50%, §90%", "the last step is 90%"),
    Breakage("10%, 50%", "§0%, 50%", "does not rise"),
    Breakage("50%, 100%", "50%, §120%", "120% is more than all"),
    Breakage("roll_back_above: 5%", "roll_back_above: §100%", "can never be above this"),
    Breakage(
      "- error_rate:", "- availability: {roll_back_below: §0%}\n        - error_rate:", "can never be below this"),
    Breakage("pause_above: 1%", "pause_above: §5%", "never reached before 'roll_back_above'"),
    Breakage("- error_rate:", "- availability: §{}\n        - error_rate:", "'availability' has no limit"),
    Breakage(
      "- error_rate:",
      "- availability: {roll_back_below: 99%}\n        - §availability: {alert_below: 99.9%}\n        - error_rate:",
      "has a rule already"),
    Breakage("- soak: 1h", "- coverage: §0%", "cannot fail"),
    Breakage("- soak: 1h", "- provenance: {keys: [a.pub], threshold: §2}", "2 keys can never have signed"),
    Breakage("- soak: 1h", "- immutable-reference: {platform: §amd64}", "'amd64' stands here"),
    Breakage("- soak: 1h", "- immutable-reference: {registry: §never}", "never"),
    Breakage("environments:\n", "registries: {r.example.com: §{user: u}}\nenvironments:\n", "a user needs a password"),
    Breakage(
      "environments:\n", "registries: {r.example.com: {insecure: true, ca: §x.pem}}\nenvironments:\n",
      "plain HTTP has no certificates"),
    Breakage(
      "environments:\n",
      "registries: {r.example.com: {user: u, password: '${env:A}', token: §'${env:B}'}}\nenvironments:\n",
      "only one of user and token"),
    Breakage(
      "environments:\n", "registries: {§https://r.example.com: {insecure: true}}\nenvironments:\n", "stands here"),
    Breakage("- soak: 1h", "- coverage: §101%", "cannot be covered"),
    Breakage("- soak: 1h", "- tests: {minimum: §0}", "cannot fail"),
    Breakage("- soak: 1h", "- vulnerabilities: §{}", "cannot fail"),
    Breakage("- soak: 1h", "- vulnerabilities: §{max_age: 24h}", "cannot fail"),
    Breakage("- soak: 1h", "- coverage: {lines: §0%, max_age: 24h}", "cannot fail"),
    Breakage("- soak: 1h", "- tests: {max_age: §0s}", "is no time at all"),
    Breakage("- soak: 1h", "- reviews: {kinds: §[], max_age: 1d}", "this list is empty"),
    Breakage("- soak: 1h", "- reviews: §[]", "this list is empty"),
    Breakage("- soak: 1h", "- soak: §0s", "no time at all"),
    Breakage("run: ./licences.sh", "run: §'true'", "cannot fail"),
    Breakage("run: ./licences.sh", "run: §exit 0", "cannot fail"),
    Breakage("run: ./licences.sh", "run: §./licences.sh || true", "cannot fail"),
    Breakage("run: ./licences.sh", "run: §'  '", "white space", count: 2),
    Breakage("- soak: 1h", "- §verified", "gate 'verified-in-staging' stands here already"),
    Breakage("watch: 5m", "watch: §1s", "shorter than the 2s between two measurements"),
    Breakage("every: 2s", "every: §10m", "shorter than the time between two measurements", count: 2),
    Breakage("sre: 1}}", "sre: §2}}", "2 people of role 'sre' can never agree: 1 hold it"),
    Breakage("from: staging\n", "from: §production\n", "from 'production' to itself"),
    Breakage("path: /login}", "path: /login}\n        - §http: {name: login, path: /x}", "stands in this list already"),
    Breakage(
      "rollback: {",
      "confirm:\n      - {id: tell, instructions: Tell., place: before-traffic}\n      - {id: §tell, instructions: Tell., place: after-rollout}\n    rollback: {",
      "stands here already"),
    Breakage("requests: 'r{slot=\"${slot}\"}'", "requests: §'sum(r)'", "measures both slots as one"),
    Breakage("run: ./deploy.sh", "run: §'true'", "does nothing and always succeeds"),
  ]

  /// What a protected environment does not allow.
  static let protection: [Breakage] = [
    Breakage(
      "to: production\n    gates:\n      - verified\n      - soak: 1h\n      - window: office-hours\n      - command: {name: licences, run: ./licences.sh}",
      "to: §production", "no gate asks whether the release was verified"),
    Breakage("gates:\n      - verified\n      -", "gates:\n      §-", "no gate asks whether the release was verified"),
    Breakage("automatic: true", "automatic: §false", "automatic rollback is switched off"),
  ]

  static let secrets: [Breakage] = [
    Breakage(
      "{DB: \"${env:STAGING_DB}\"}", "{DB: §\"postgres://shop:hunter2@db/shop\"}", "this URL has a password in clear"),
    Breakage("{DB: \"${env:STAGING_DB}\"}", "{DB_PASSWORD: §hunter2}", "looks like a secret written in clear"),
    Breakage("{DB: \"${env:STAGING_DB}\"}", "{accessToken: §hunter2}", "looks like a secret written in clear"),
    Breakage("{DB: \"${env:STAGING_DB}\"}", "{DB: §\"${envv:hunter2}\"}", "did you mean '${env:…}'?"),
    Breakage("{DB: \"${env:STAGING_DB}\"}", "{DB: §\"${STAGING_DB}\"}", "did you mean '${env:STAGING_DB}'?"),
    Breakage("{DB: \"${env:STAGING_DB}\"}", "{DB: §\"${env:STAGING_DB\"}", "has no '}'"),
    Breakage(
      "errors: 'e{slot=\"${slot}\"}'", "errors: 'e{slot=\"${slot}\"}', headers: {Authorization: §Bearer hunter2}",
      "looks like a secret"),
    Breakage("\"http://127.0.0.1:9090\"", "§\"http://prom:hunter2@127.0.0.1:9090\"", "password in clear"),
    Breakage("- run: ./tell.sh", "- {run: ./tell.sh, environment: {API_KEY: §hunter2}}", "looks like a secret"),
    Breakage("- run: ./tell.sh", "- run: §./tell.sh --token hunter2", "has a secret in clear"),
    Breakage("- run: ./tell.sh", "- run: §'curl -H \"Authorization: Bearer hunter2\" x'", "has a secret in clear"),
    Breakage("- run: ./tell.sh", "- run: §'./tell.sh ${env:CHAT_TOKEN}'", "a secret reference is not resolved here"),
    Breakage("path: /login", "path: §'/login?t=${env:T}'", "a secret reference is not resolved here"),
    Breakage("path: /login", "path: §'/login/${relase}'", "did you mean '${release}'?"),
    Breakage("reason: closed", "reason: §'closed ${file:x}'", "a secret reference is not resolved here"),
    Breakage(
      "errors: 'e{slot=\"${slot}\"}'", "errors: §'e{slot=\"${slot}\",v=\"${relese}\"}'", "did you mean '${release}'?"),
  ]
}
