"""Rights: every call that the product makes is allowed, and every grant is needed.

recording   runs scenarios in the world, and notes each call and who makes it
needs       says which rights a call needs, with the page of AWS that says so
made_by_aws lists the calls that AWS makes itself in the name of a role of ours
grants      reads the policies of a template, one grant for each action and resource
policy      decides as IAM does whether a request is allowed
matrix      brings them together: what is denied, and which grants nobody needs
"""
