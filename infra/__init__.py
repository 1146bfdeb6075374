"""The AWS stack; importing it selects the pinned Node.js before the CDK starts one."""

import infra.node  # noqa: F401 - importing aws_cdk starts Node.js
