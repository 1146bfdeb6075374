"""What is deployed; whoever imports any of it finds the pinned Node before the CDK."""

import infra.node  # noqa: F401 - aws_cdk starts Node as it is imported
