/*
 * syntax_uri.c
 *		The "uri" format: RFC 3986, and RFC 3987 where it adds characters.
 *
 *		URI       = scheme ":" ( "//" authority path-abempty / path )
 *		            [ "?" query ] [ "#" fragment ]
 *		authority = [ userinfo "@" ] ( IP-literal / reg-name ) [ ":" port ]
 *
 * One pass: the scheme, the authority where there is one, then the rest, of
 * which "?" and "#" only say which characters go on.  Each part is a set of
 * characters beside letters, digits and percent escapes.  All non-ASCII
 * characters are taken for those of an IRI; which scripts' they are is not
 * looked at.
 *
 * The protocol wants more than the grammar: behind the scheme and the slashes
 * of an authority there must be something.  And less: in its own "at://" URIs
 * a DID is the authority, colons and all.
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "atproto/syntax.h"

#define URI_MAX		8192

#define UNRESERVED	"-._~"
#define SUB_DELIMS	"!$&'()*+,;="
#define PCHAR		UNRESERVED SUB_DELIMS ":@"

static bool is_alphanumeric(char c);
static bool is_hex(char c);
static int	skip(const char *str, int len, const char *others);
static int	skip_ip_literal(const char *str, int len);
static int	skip_authority(const char *str, int len);

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
		(c >= 'A' && c <= 'F');
}

/*
 * How many bytes at str are letters, digits, escapes, non-ASCII, or one of the
 * others.
 */
static int
skip(const char *str, int len, const char *others)
{
	int			i = 0;

	while (i < len)
	{
		if (str[i] == '%')
		{
			if (len - i < 3 || !is_hex(str[i + 1]) || !is_hex(str[i + 2]))
				break;
			i += 3;
		}
		else if (is_alphanumeric(str[i]) || IS_HIGHBIT_SET(str[i]) ||
				 (str[i] != '\0' && strchr(others, str[i]) != NULL))
			i++;
		else
			break;
	}
	return i;
}

/* Length of "[...]", an address of IPv6 or of a version to come; 0: none. */
static int
skip_ip_literal(const char *str, int len)
{
	const char *end = memchr(str, ']', len);
	char		address[INET6_ADDRSTRLEN];
	unsigned char binary[sizeof(struct in6_addr)];
	int			inner;

	if (end == NULL)
		return 0;
	inner = end - str - 1;
	if (inner > 0 && (str[1] == 'v' || str[1] == 'V'))
	{
		int			i = 2;

		while (i <= inner && is_hex(str[i]))
			i++;
		if (i == 2 || i >= inner || str[i] != '.')
			return 0;
		for (i++; i <= inner; i++)
		{
			if (!is_alphanumeric(str[i]) &&
				(str[i] == '\0' || strchr(UNRESERVED SUB_DELIMS ":", str[i]) == NULL))
				return 0;
		}
		return inner + 2;
	}
	if (inner >= sizeof(address) || memchr(str + 1, '\0', inner) != NULL)
		return 0;
	memcpy(address, str + 1, inner);
	address[inner] = '\0';
	return inet_pton(AF_INET6, address, binary) == 1 ? inner + 2 : 0;
}

/* Length of an authority, which may be empty; -1 if it is malformed. */
static int
skip_authority(const char *str, int len)
{
	int			i = skip(str, len, UNRESERVED SUB_DELIMS ":");

	if (i < len && str[i] == '@')
		i++;
	else
		i = 0;
	if (i < len && str[i] == '[')
	{
		int			literal = skip_ip_literal(str + i, len - i);

		if (literal == 0)
			return -1;
		i += literal;
	}
	else
		i += skip(str + i, len - i, UNRESERVED SUB_DELIMS);
	if (i < len && str[i] == ':')
	{
		for (i++; i < len && str[i] >= '0' && str[i] <= '9'; i++)
			;
	}
	return i == len || strchr("/?#", str[i]) != NULL ? i : -1;
}

bool
syntax_is_uri(const char *str, int len)
{
	int			i = 0;

	if (len < 1 || len > URI_MAX || !is_alphanumeric(str[0]) ||
		(str[0] >= '0' && str[0] <= '9'))
		return false;
	while (i < len && (is_alphanumeric(str[i]) || str[i] == '+' ||
					   str[i] == '-' || str[i] == '.'))
		i++;
	if (i >= len || str[i] != ':')
		return false;
	i++;
	if (len - i >= 2 && str[i] == '/' && str[i + 1] == '/')
	{
		int			authority = i == 3 && memcmp(str, "at:", 3) == 0 ?
		skip(str + i + 2, len - i - 2, UNRESERVED SUB_DELIMS ":") :
		skip_authority(str + i + 2, len - i - 2);

		if (authority < 0)
			return false;
		i += 2;
		if (i == len)
			return false;
		i += authority;
	}
	else if (i == len)
		return false;

	i += skip(str + i, len - i, PCHAR "/");
	if (i < len && str[i] == '?')
		i += 1 + skip(str + i + 1, len - i - 1, PCHAR "/?");
	if (i < len && str[i] == '#')
		i += 1 + skip(str + i + 1, len - i - 1, PCHAR "/?");
	return i == len;
}
