"""Hostile links: URLs that look like download links and must never be opened."""

HOST = "downloads.ipqualityscore.com"
PATH = "/download?download=canary-token-that-is-long-enough-to-matter-1234567890"

_SCHEMES = [
    *("http", "ftp", "file", "gopher", "data", "javascript", "ws", "wss", "s3", "jar"),
    *("dict", "ldap", "sftp", "tftp", "blob", "about", "httpss", "HTTPS", "Https"),
    *("https+unix", "view-source:https", "url:https"),
]
# In these, ~ is the allowed host.
_AUTHORITIES = """
    evil.example ~.evil.example evil.example.~ evil~ x~ x.~ .~ ~. ~.. com
    ipqualityscore.com www.ipqualityscore.com *.ipqualityscore.com downloads.*.com
    downloads-ipqualityscore.com downloads.ipqualityscore.co downloadsipqualityscore.com
    ~:80 ~:8443 ~:0443 ~:443:443 ~:443:443:443 ~: ~:443. ~:+443 ~:65536 ~:-1 ~:x
    user@~ user:password@~ @~ :@~ ~@evil.example ~:443@evil.example evil.example:443@~
    ~%40evil.example ~%2eevil.example ~%00 ~%00.evil.example ~%0d%0a ~%20
    %64ownloads.ipqualityscore.com ~%23@evil.example ~\\@evil.example ~\\.evil.example
    ~#@evil.example ~,evil.example ~;evil.example ~&evil.example ~!
    xn--dwnloads-xfg.ipqualityscore.com downloads.ipqu\u00e4lityscore.com
    localhost localhost. localhost:443 localhost.localdomain LOCALHOST ip6-localhost
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001
    127.0.0.1. 127.0.0.1.nip.io ~.nip.io 0 0.0.0.0 10.0.0.1 172.16.0.1 192.168.0.1
    100.64.0.1 100.100.100.200 169.254.169.254 169.254.170.2 2852039166 0xa9fea9fe
    0251.0376.0251.0376 169.254.169.254.nip.io metadata.google.internal instance-data
    kubernetes.default.svc sqs.us-east-1.amazonaws.com 224.0.0.1 255.255.255.255
    1.1.1.1 1.1.1.1:443 8.8.8.8 \u2460\u2461\u2466.0.0.1
    [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:a9fe:a9fe]
    [::ffff:169.254.169.254] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [2002:7f00:1::]
    [fd00:ec2::254] [fe80::1] [fe80::1%25lo] [fe80::1%lo] [::1 ::1 [v1.x] [~] [ ]
    . .. * - _ @ :443
""".replace("~", HOST).split()
_URLS = """
    / // /// //~/x /~/x ~/x ~ https https: https:/ https:// https:/// http:// https://?
    https:~/x https:/~/x https:///~/x https:////~/x https:\\\\~/x https:/\\~/x https//~/
    https://\\~/x https:?//~/ https::~/ https://?~ https://#~ https://~/x#fragment
    https://~/x# https://~/x`id` https://~/x{x} url=https://~/x https://https://~/x
    data:text/csv,Email javascript:alert(1) file:///etc/passwd
""".replace("~", HOST).split()
#: Characters that no link needs, before, within and after a good one.
_CHARACTERS = [
    *("\\", "\t", "\n", "\r", "\r\n", "\x00", "\x0b", "\x1f", "\x7f", " ", '"', "<"),
    *(">", "#", "^", "`", "{", "}", "|", "\xa0", "\u2028", "\u202e", "\u200b", "\xe9"),
    *("\u3002", "\ufeff"),
]

LINKS = [
    *("", " ", "\n", f"h\u0442tps://{HOST}{PATH}"),
    f"https://{HOST}\r\nHost: evil.example{PATH}",
    *(f"{scheme}://{HOST}{PATH}" for scheme in ["", *_SCHEMES]),
    *(f"https://{authority}{PATH}" for authority in ["", *_AUTHORITIES]),
    *_URLS,
    # Names that look like the allowed one.
    *(
        f"https://{name}{PATH}"
        for name in (
            *(HOST.upper(), HOST.title(), HOST.capitalize(), "a" * 300),
            *(HOST.replace("i", "\u0456"), HOST.replace("o", "\u043e")),
            *(HOST.replace(".", "\uff0e"), HOST.replace(".", "\u3002")),
            *(HOST.replace("d", "\uff44"), HOST.replace("d", "\u217e")),
        )
    ),
    *(f"{character}https://{HOST}{PATH}" for character in _CHARACTERS),
    *(f"h{character}ttps://{HOST}{PATH}" for character in _CHARACTERS),
    *(f"https://{character}{HOST}{PATH}" for character in _CHARACTERS),
    *(f"https://{HOST}{character}{PATH}" for character in _CHARACTERS),
    *(f"https://{HOST}{character}evil.example{PATH}" for character in _CHARACTERS),
    *(f"https://evil.example{character}@{HOST}{PATH}" for character in _CHARACTERS),
    *(f"https://{HOST}/a{character}b" for character in _CHARACTERS),
    *(f"https://{HOST}{PATH}{character}" for character in _CHARACTERS),
    f"https://{HOST}{PATH}\ud800",
    f"https://{HOST}/" + "x" * 8192,
    f"https://{HOST}{PATH}" + "x" * 4096,
]
