# Licences by their short names.
{ lib, ... }:

let
  spdx = {
    afl21 = { spdxId = "AFL-2.1"; fullName = "Academic Free License v2.1"; };
    afl3 = { spdxId = "AFL-3.0"; fullName = "Academic Free License v3.0"; };
    agpl3Only = { spdxId = "AGPL-3.0-only"; fullName = "GNU Affero General Public License v3.0 only"; };
    agpl3Plus = { spdxId = "AGPL-3.0-or-later"; fullName = "GNU Affero General Public License v3.0 or later"; };
    artistic1 = { spdxId = "Artistic-1.0"; fullName = "Artistic License 1.0"; };
    artistic2 = { spdxId = "Artistic-2.0"; fullName = "Artistic License 2.0"; };
    asl11 = { spdxId = "Apache-1.1"; fullName = "Apache License 1.1"; };
    asl20 = { spdxId = "Apache-2.0"; fullName = "Apache License 2.0"; };
    beerware = { spdxId = "Beerware"; fullName = "Beerware License"; };
    blueOak100 = { spdxId = "BlueOak-1.0.0"; fullName = "Blue Oak Model License 1.0.0"; };
    boost = { spdxId = "BSL-1.0"; fullName = "Boost Software License 1.0"; };
    bsd0 = { spdxId = "0BSD"; fullName = "BSD Zero Clause License"; };
    bsd2 = { spdxId = "BSD-2-Clause"; fullName = "BSD 2-clause \"Simplified\" License"; };
    bsd3 = { spdxId = "BSD-3-Clause"; fullName = "BSD 3-clause \"New\" or \"Revised\" License"; };
    bsdOriginal = { spdxId = "BSD-4-Clause"; fullName = "BSD 4-clause \"Original\" or \"Old\" License"; };
    bzip2 = { spdxId = "bzip2-1.0.6"; fullName = "bzip2 and libbzip2 License v1.0.6"; };
    cc-by-30 = { spdxId = "CC-BY-3.0"; fullName = "Creative Commons Attribution 3.0"; };
    cc-by-40 = { spdxId = "CC-BY-4.0"; fullName = "Creative Commons Attribution 4.0"; };
    cc-by-sa-30 = { spdxId = "CC-BY-SA-3.0"; fullName = "Creative Commons Attribution Share Alike 3.0"; };
    cc-by-sa-40 = { spdxId = "CC-BY-SA-4.0"; fullName = "Creative Commons Attribution Share Alike 4.0"; };
    cc0 = { spdxId = "CC0-1.0"; fullName = "Creative Commons Zero v1.0 Universal"; };
    cddl = { spdxId = "CDDL-1.0"; fullName = "Common Development and Distribution License 1.0"; };
    cecill20 = { spdxId = "CECILL-2.0"; fullName = "CeCILL Free Software License Agreement v2.0"; };
    curl = { spdxId = "curl"; fullName = "curl License"; };
    epl20 = { spdxId = "EPL-2.0"; fullName = "Eclipse Public License 2.0"; };
    eupl12 = { spdxId = "EUPL-1.2"; fullName = "European Union Public License 1.2"; };
    fdl13Plus = { spdxId = "GFDL-1.3-or-later"; fullName = "GNU Free Documentation License v1.3 or later"; };
    gpl1Only = { spdxId = "GPL-1.0-only"; fullName = "GNU General Public License v1.0 only"; };
    gpl1Plus = { spdxId = "GPL-1.0-or-later"; fullName = "GNU General Public License v1.0 or later"; };
    gpl2Only = { spdxId = "GPL-2.0-only"; fullName = "GNU General Public License v2.0 only"; };
    gpl2Plus = { spdxId = "GPL-2.0-or-later"; fullName = "GNU General Public License v2.0 or later"; };
    gpl3Only = { spdxId = "GPL-3.0-only"; fullName = "GNU General Public License v3.0 only"; };
    gpl3Plus = { spdxId = "GPL-3.0-or-later"; fullName = "GNU General Public License v3.0 or later"; };
    hpnd = { spdxId = "HPND"; fullName = "Historical Permission Notice and Disclaimer"; };
    ijg = { spdxId = "IJG"; fullName = "Independent JPEG Group License"; };
    isc = { spdxId = "ISC"; fullName = "ISC License"; };
    lgpl21Only = { spdxId = "LGPL-2.1-only"; fullName = "GNU Lesser General Public License v2.1 only"; };
    lgpl21Plus = { spdxId = "LGPL-2.1-or-later"; fullName = "GNU Lesser General Public License v2.1 or later"; };
    lgpl2Only = { spdxId = "LGPL-2.0-only"; fullName = "GNU Library General Public License v2 only"; };
    lgpl2Plus = { spdxId = "LGPL-2.0-or-later"; fullName = "GNU Library General Public License v2 or later"; };
    lgpl3Only = { spdxId = "LGPL-3.0-only"; fullName = "GNU Lesser General Public License v3.0 only"; };
    lgpl3Plus = { spdxId = "LGPL-3.0-or-later"; fullName = "GNU Lesser General Public License v3.0 or later"; };
    libpng = { spdxId = "Libpng"; fullName = "libpng License"; };
    libtiff = { spdxId = "libtiff"; fullName = "libtiff License"; };
    lppl13c = { spdxId = "LPPL-1.3c"; fullName = "LaTeX Project Public License v1.3c"; };
    mit = { spdxId = "MIT"; fullName = "MIT License"; };
    mit0 = { spdxId = "MIT-0"; fullName = "MIT No Attribution"; };
    mpl10 = { spdxId = "MPL-1.0"; fullName = "Mozilla Public License 1.0"; };
    mpl11 = { spdxId = "MPL-1.1"; fullName = "Mozilla Public License 1.1"; };
    mpl20 = { spdxId = "MPL-2.0"; fullName = "Mozilla Public License 2.0"; };
    mulan-psl2 = { spdxId = "MulanPSL-2.0"; fullName = "Mulan Permissive Software License, Version 2"; };
    ncsa = { spdxId = "NCSA"; fullName = "University of Illinois/NCSA Open Source License"; };
    ofl = { spdxId = "OFL-1.1"; fullName = "SIL Open Font License 1.1"; };
    openssl = { spdxId = "OpenSSL"; fullName = "OpenSSL License"; };
    osl3 = { spdxId = "OSL-3.0"; fullName = "Open Software License 3.0"; };
    php301 = { spdxId = "PHP-3.01"; fullName = "PHP License v3.01"; };
    postgresql = { spdxId = "PostgreSQL"; fullName = "PostgreSQL License"; };
    psfl = { spdxId = "Python-2.0"; fullName = "Python Software Foundation License version 2"; };
    qpl = { spdxId = "QPL-1.0"; fullName = "Q Public License 1.0"; };
    ruby = { spdxId = "Ruby"; fullName = "Ruby License"; };
    sleepycat = { spdxId = "Sleepycat"; fullName = "Sleepycat License"; };
    tcltk = { spdxId = "TCL"; fullName = "TCL/TK License"; };
    unlicense = { spdxId = "Unlicense"; fullName = "The Unlicense"; };
    upl = { spdxId = "UPL-1.0"; fullName = "Universal Permissive License v1.0"; };
    vim = { spdxId = "Vim"; fullName = "Vim License"; };
    w3c = { spdxId = "W3C"; fullName = "W3C Software Notice and License"; };
    wtfpl = { spdxId = "WTFPL"; fullName = "Do What The F*ck You Want To Public License"; };
    x11 = { spdxId = "X11"; fullName = "X11 License"; };
    zlib = { spdxId = "Zlib"; fullName = "zlib License"; };
    zpl21 = { spdxId = "ZPL-2.1"; fullName = "Zope Public License 2.1"; };
  };

  # Names that leave open whether later versions are meant.
  vague = {
    agpl3 = { spdxId = "AGPL-3.0"; fullName = "GNU Affero General Public License v3.0"; deprecated = true; };
    gpl2 = { spdxId = "GPL-2.0"; fullName = "GNU General Public License v2.0"; deprecated = true; };
    gpl3 = { spdxId = "GPL-3.0"; fullName = "GNU General Public License v3.0"; deprecated = true; };
    lgpl2 = { spdxId = "LGPL-2.0"; fullName = "GNU Library General Public License v2"; deprecated = true; };
    lgpl21 = { spdxId = "LGPL-2.1"; fullName = "GNU Lesser General Public License v2.1"; deprecated = true; };
    lgpl3 = { spdxId = "LGPL-3.0"; fullName = "GNU Lesser General Public License v3.0"; deprecated = true; };
  };

  others = {
    bsl11 = { spdxId = "BUSL-1.1"; fullName = "Business Source License 1.1"; free = false; redistributable = true; };
    sspl = { spdxId = "SSPL-1.0"; fullName = "Server Side Public License"; free = false; redistributable = true; };
    free = { fullName = "Unspecified free software license"; };
    publicDomain = { fullName = "Public Domain"; };
    unfree = { fullName = "Unfree"; free = false; };
    unfreeRedistributable = { fullName = "Unfree redistributable"; free = false; redistributable = true; };
    unfreeRedistributableFirmware = { fullName = "Unfree redistributable firmware"; free = false; redistributable = true; };
  };

  complete = shortName: license: rec {
    inherit shortName;
    free = true;
    redistributable = free;
    deprecated = false;
  } // (if license ? spdxId then { url = "https://spdx.org/licenses/${license.spdxId}.html"; } else { })
  // license
  // { redistributable = license.redistributable or (license.free or true); };
in
builtins.mapAttrs complete (spdx // vague // others)
