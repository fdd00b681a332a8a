/**
 * Machine ids that tell no machine from another, without their dashes. Only such are here as somebody has shown: a list
 * like this is never whole, and a wrong entry would take a machine its identity.
 */
const SHARED_IDS: ReadonlyMap<string, string> = new Map([
  ['d41d8cd98f00b204e9800998ecf8427e', 'the MD5 sum of nothing'],
  // What SMBIOS says on boards whose maker has set no id, in both byte orders: FreeBSD asks there first.
  ['03000200040005000006000700080009', 'a placeholder of mainboard makers'],
  ['00020003000400050006000700080009', 'a placeholder of mainboard makers'],
  // github.com/hypriot/image-builder-rpi, issues 143 and 167
  ['9989a26f06984d6dbadc01770f018e3b', 'part of the HypriotOS images before 1.7'],
  // github.com/TheRemote/Ubuntu-Server-raspi4-unofficial, issue 74
  ['1c4ad377574c4263adbb7c624b6a3429', 'part of an Ubuntu image for the Raspberry Pi 4'],
  // github.com/hartwork/image-bootstrap, issue 13; bugs.debian.org/789960
  ['cdb7f92199c748a7a20d33ab52974cbb', 'part of the Debian 8.1.0 cloud images'],
  // github.com/boxcutter/centos, issue 37
  ['2f59308c746c49e29cc2b9997ddb22da', 'part of the boxcutter images of CentOS'],
  // github.com/inindev/nanopi-r5, issue 17
  ['512e938faf4449bdabef0c5f82325488', 'part of the Debian 12.0.1 image for the NanoPi R5'],
  // github.com/debuerreotype/docker-debian-artifacts, issue 151
  ['85f94e57ab75f80918cab17d001eac85', 'part of the container image debian:11.1'],
  ['88544b92092430bc5d3fbbffc12a2f04', 'part of the container image debian:11.2'],
  // github.com/weaveworks/footloose, issues 154 and 280
  ['ebb19c6b226f48fa86a541fd060e8762', 'part of the container image footloose/ubuntu18.04'],
  ['3766705eb195582e8168a9a1b913c7c7', 'part of the container image footloose/debian10'],
]);

/** What is known of an id that many machines have; null: nothing. */
export function sharedBy(id: string): string | null {
  const digits = id.replaceAll('-', '');
  // All zeros, all f: what is written where there is no id to write.
  if (/^(.)\1*$/.test(digits)) return 'one digit over and over';
  return SHARED_IDS.get(digits) ?? null;
}
