/**
 * Personal data replaced by placeholders: e-mail addresses and public IP addresses as FineWeb does it
 * (with its expressions' meaning and its placeholders), telephone numbers and credit cards where asked.
 * Placeholders are taken in turn, from the first in each document, so that a document's text depends on
 * nothing but itself.
 */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Values } from '../document';

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const OCTET = '(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)';
const IP = `(?:${OCTET}\\.){3}${OCTET}`;

const EMAIL = new RegExp(`\\b${ATOM}(?:\\.${ATOM})*@(?:(?:${LABEL}\\.)+${LABEL}|\\[${IP}\\])`, 'g');
const IP_ADDRESS = new RegExp(IP, 'g');
const PHONE =
  /(?<![\p{L}\p{N}.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])\d{2,4}[ .-]?\d{2,4}(?:[ .-]?\d{1,4})?(?![\p{L}\p{N}-]|[.,]\d)/gu;
const CARD = /(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d-]|\.\d)/g;

const EMAILS = ['email@example.com', 'firstname.lastname@example.org'];
/** FineWeb's: addresses that did not answer when the list was made. */
const IPS = [
  '22.214.171.124',
  '126.96.36.199',
  '188.8.131.52',
  '184.108.40.206',
  '220.127.116.11',
  '18.104.22.168',
];
/** Reserved for fiction. */
const PHONES = ['+1 555-0100', '+1 555-0101'];
const CARDS = ['0000 0000 0000 0000'];

/** Networks that are nobody's address on the internet (IANA's special-purpose registry), as prefixes. */
const NOT_PUBLIC: readonly (readonly [address: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['240.0.0.0', 4],
];

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

/** As Python's `ipaddress` has it: no octet begins with a zero that could be left out. */
function isPublic(address: string): boolean {
  if (/(?:^|\.)0\d/.test(address)) return false;
  const value = numberOf(address);
  return !NOT_PUBLIC.some(
    ([network, bits]) =>
      Math.floor(value / 2 ** (32 - bits)) === Math.floor(numberOf(network) / 2 ** (32 - bits)),
  );
}

/** The check digit of card numbers (Luhn, 1960), and a length and first digit that cards have. */
function isCard(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  if (digits.length < 13 || digits.length > 19 || !/^[2-6]/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Two years, a date, and an address of a machine are written like numbers to call. */
const NO_PHONE = /^(?:(?:1[6-9]|20)\d\d[ .-](?:1[6-9]|20)\d\d|\d{4}-\d\d-\d\d|\d+(?:\.\d+){3})$/;

const isPhone = (found: string): boolean => {
  const digits = found.replace(/\D/g, '').length;
  return digits >= 7 && digits <= 15 && !NO_PHONE.test(found);
};

interface Kind {
  readonly value: string;
  readonly pattern: RegExp;
  readonly placeholders: readonly string[];
  readonly isOne: (found: string) => boolean;
}

export interface Cleaned {
  readonly text: string;
  /** How many of each kind were replaced. */
  readonly values: Values;
}

/** What replaces personal data in texts, as the recipe says. */
export function personalDataCleaner(settings: CorpusRecipe['pii']): (text: string) => Cleaned {
  const kinds: Kind[] = [];
  if (settings.emails)
    kinds.push({ value: 'emails', pattern: EMAIL, placeholders: EMAILS, isOne: () => true });
  if (settings.ipAddresses)
    kinds.push({ value: 'ipAddresses', pattern: IP_ADDRESS, placeholders: IPS, isOne: isPublic });
  if (settings.creditCards)
    kinds.push({ value: 'creditCards', pattern: CARD, placeholders: CARDS, isOne: isCard });
  if (settings.phones)
    kinds.push({ value: 'phones', pattern: PHONE, placeholders: PHONES, isOne: isPhone });

  return (whole) => {
    let text = whole;
    const values: Record<string, number> = {};
    for (const { value, pattern, placeholders, isOne } of kinds) {
      let replaced = 0;
      text = text.replace(pattern, (found) =>
        isOne(found) && !placeholders.includes(found)
          ? placeholders[replaced++ % placeholders.length]!
          : found,
      );
      values[value] = replaced;
    }
    return { text, values };
  };
}
