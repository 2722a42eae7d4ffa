extension PipelineTemplate {
  static let serviceSOP = #"""
    # A service promoted by reviewed reports and a human's word: staging verified, five reviews passed, a person agrees,
    # the deploy tool runs, health and smoke tests prove it, and a failure goes back by itself.
    #
    # The scripts named here are yours: deploy.sh calls the deploy tool (merge and restart), tell-team.sh posts to the
    # team's channel.

    project: billing

    roles:
      product-owner: [ann, bob]
    identity: {local: true}

    environments:
      staging:
        deploy:
          commands:
            run: ./deploy.sh staging
            read_back: ./current.sh staging
            addresses: {a: 10.0.1.1:8000, b: 10.0.1.2:8000}
        traffic: {router: {listen: 127.0.0.1:8081}}
        health: {path: /health}
        version: {path: /version}

      production:
        protected: true
        deploy:
          commands:
            run: ./deploy.sh production
            read_back: ./current.sh production
            addresses: {a: 10.0.2.1:8000, b: 10.0.2.2:8000}
            # The deploy tool's own token, read when it is needed and never written down.
            environment: {DEPLOY_TOKEN: "${env:DEPLOY_TOKEN}"}
            timeout: 10m
        traffic: {router: {listen: 127.0.0.1:8080}}
        # Up to 36 tries, 10 s apart, until HTTP 200; then a verdict, never a hang.
        health: {path: /health, status: 200, tries: 36, every: 10s}
        version: {path: /version}

    promotions:
      - to: staging
        rollout: {steps: [100%], watch: 1m}

      - from: staging
        to: production
        gates:
          - verified
          # One report each, handed in with `slipway report add RELEASE --kind security FILE`. Missing, unreadable or not
          # passing blocks; so does severity HIGH or CRITICAL.
          - reviews: [ba, architect, security, devops, e2e]
          - rollback-target
        # Agree, hold, or reject with a reason. Time running out never agrees.
        approval:
          by: {product-owner: 1}
          expires: 3d
        # All traffic at once; the old version stays beside it, so going back takes seconds.
        rollout: {steps: [100%], watch: 15m}
        watch:
          minimum_requests: 20
          rules:
            - error_rate: {roll_back_above: 5%, pause_above: 1%}
        verify:
          before_traffic:
            - command: {name: sign-in, run: ./smoke/sign-in.sh "$SLIPWAY_URL"}
            - command: {name: tenant-isolation, run: ./smoke/tenants.sh "$SLIPWAY_URL"}
          after_rollout:
            - http: {name: health, path: /health}
            - command: {name: sign-in, run: ./smoke/sign-in.sh "$SLIPWAY_URL"}
        rollback: {keep_blue: 24h}

    # What people decide from, as a page and as JSON, where the team reads it.
    requests: {folder: shared/approvals}
    # After a rejection: the tasks as JSON on standard input; the last line printed is kept as their reference.
    follow_up: {run: ./file-tickets.sh}
    notify:
      - run: ./tell-team.sh
        environment: {CHAT_TOKEN: "${env:CHAT_TOKEN}"}

    """#
}
