// Which addresses are single public hosts (RFC 6890, RFC 5771), and the operator's exceptions.  The
// judgement is on the address that a socket goes to, never on how a URL spells it.
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

const NOT_PUBLIC_V4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12',
  '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15',
  '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
];

// Only 2000::/3 is handed out; what lies in it for tunnels, tests and documents is not a host.
const PUBLIC_V6 = '2000::/3';
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOf(subnets, family) {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address, bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const notPublicV4 = listOf(NOT_PUBLIC_V4, 'ipv4');
const publicV6 = listOf([PUBLIC_V6], 'ipv6');
const notPublicV6 = listOf(NOT_PUBLIC_V6, 'ipv6');

/** Mapped, translated and tunnelled addresses are outside 2000::/3, or in the list of exceptions. */
export function isPublic(address) {
  if (isIPv4(address))
    return !notPublicV4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%'))
    return false;
  return publicV6.check(address, 'ipv6') && !notPublicV6.check(address, 'ipv6');
}

/** "ADDRESS[/BITS][:PORT]", an IPv6 address with a port in brackets. */
function parseException(text) {
  const bracketed = /^\[([^\]]+)\](?:\/(\d+))?(?::(\d+))?$/.exec(text);
  const plain = /^([0-9.]+)(?:\/(\d+))?(?::(\d+))?$/.exec(text);
  const bare = /^([0-9a-fA-F:.]+)(?:\/(\d+))?$/.exec(text);
  const [, address, bits, port] = bracketed ?? plain ?? bare ?? [];
  const version = isIP(address ?? '');
  if (!version)
    return null;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && Number(bits) > most)
    return null;
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? most : Number(bits), family);
  return { family, list, port: port === undefined ? null : Number(port) };
}

/** Private addresses that may be reached all the same. */
export class Exceptions {
  constructor(texts = []) {
    this.list = texts.map(parseException).filter(Boolean);
  }

  has(address, port) {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    return this.list.some((one) => one.family === family && (one.port === null || one.port === port) &&
      one.list.check(address, family));
  }
}
