//! OpenIOC documents.

use expect_test::expect;

use crate::support::check;

#[test]
fn openioc_1_0() {
    check(
        r#"<?xml version="1.0" encoding="us-ascii"?>
<ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="1">
  <short_description>Snake &amp; friends</short_description>
  <links><link rel="threatgroup">APT0</link></links>
  <definition>
    <Indicator operator="OR" id="2">
      <IndicatorItem id="3" condition="is">
        <Context document="FileItem" search="FileItem/Md5sum" type="mir" />
        <Content type="md5">D41D8CD98F00B204E9800998ECF84200</Content>
      </IndicatorItem>
      <IndicatorItem id="4" condition="contains">
        <Context document="Network" search="Network/DNS" type="mir" />
        <Content type="string">evil.example</Content>
      </IndicatorItem>
      <IndicatorItem id="5" condition="isnot">
        <Context document="FileItem" search="FileItem/FileName" type="mir" />
        <Content type="string">a.exe</Content>
      </IndicatorItem>
      <Indicator operator="AND" id="6">
        <IndicatorItem id="7" condition="is">
          <Context document="FileItem" search="FileItem/FileName" type="mir" />
          <Content type="string">b.exe</Content>
        </IndicatorItem>
        <IndicatorItem id="8" condition="is">
          <Context document="FileItem" search="FileItem/Sha1sum" type="mir" />
          <Content type="string">da39a3ee5e6b4b0d3255bfef95601890afd80700</Content>
        </IndicatorItem>
      </Indicator>
      <Indicator operator="AND" id="9">
        <IndicatorItem id="10" condition="is">
          <Context document="RegistryItem" search="RegistryItem/KeyPath" type="mir" />
          <Content type="string">Software\Evil</Content>
        </IndicatorItem>
        <IndicatorItem id="11" condition="is">
          <Context document="RegistryItem" search="RegistryItem/Text" type="mir" />
          <Content type="string">x</Content>
        </IndicatorItem>
      </Indicator>
    </Indicator>
  </definition>
</ioc>"#,
        expect![[r#"
            OpenIOC
            line 7, FileItem/Md5sum: md5 d41d8cd98f00b204e9800998ecf84200 original=D41D8CD98F00B204E9800998ECF84200 labels=APT0 description="Snake & friends"
            line 11, Network/DNS: domain *evil.example* pattern=yes labels=APT0 description="Snake & friends"
            line 15, FileItem/FileName: UNSUPPORTED a.exe (it says what must not be)
            line 20, FileItem/FileName: UNSUPPORTED b.exe (it is joined by AND with a hash, and the hash is looked for)
            line 24, FileItem/Sha1sum: sha1 da39a3ee5e6b4b0d3255bfef95601890afd80700 labels=APT0 description="Snake & friends"
            line 30, RegistryItem/KeyPath: UNSUPPORTED Software\Evil (it is joined by AND with others, which one observable cannot tell)
            line 34, RegistryItem/Text: UNSUPPORTED x (it is joined by AND with others, which one observable cannot tell)
        "#]],
    );
}

#[test]
fn openioc_1_1() {
    check(
        r#"<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1" id="1"><metadata><short_description>Snake</short_description></metadata>
<criteria><Indicator id="2" operator="OR">
<IndicatorItem id="3" condition="ends-with" preserve-case="false" negate="false"><Context document="FileItem" search="FileItem/FullPath" type="mir"/><Content type="string"><![CDATA[\temp\a&b.exe]]></Content></IndicatorItem>
<IndicatorItem id="4" condition="is" negate="true"><Context document="PortItem" search="PortItem/remoteIP" type="mir"/><Content type="IP">198.51.100.7</Content></IndicatorItem>
<IndicatorItem id="5" condition="is" negate="false"><Context document="PortItem" search="PortItem/remoteIP" type="mir"/><Content type="IP">198.51.100.8</Content></IndicatorItem>
<IndicatorItem id="6" condition="matches" negate="false"><Context document="FileItem" search="FileItem/FileName" type="mir"/><Content type="string">a.*</Content></IndicatorItem>
</Indicator></criteria></OpenIOC>"#,
        expect![[r#"
            OpenIOC
            line 3, FileItem/FullPath: file_path *\temp\a&b.exe pattern=yes description="Snake"
            line 4, PortItem/remoteIP: UNSUPPORTED 198.51.100.7 (it says what must not be)
            line 5, PortItem/remoteIP: ip 198.51.100.8 description="Snake"
            line 6, FileItem/FileName: UNSUPPORTED a.* (its condition "matches" cannot be looked for)
        "#]],
    );
}

#[test]
fn other_xml_and_broken_xml_are_named_with_their_place() {
    check(
        "<html><body>404</body></html>",
        expect![[r#"
        error: feed feed is not a feed that can be read: its XML begins with <html>, not with <ioc> or <OpenIOC>
    "#]],
    );
    check(
        "<ioc>\n  <definition>\n    <Indicator></definition>\n</ioc>",
        expect![[r#"
        error: feed feed is not well-formed OpenIOC: line 3, column 16: ill-formed document: expected `</Indicator>`, but `</definition>` was found
    "#]],
    );
    check(
        "<ioc>\n  <definition>",
        expect![[r#"
        error: feed feed is not well-formed OpenIOC: line 2, column 15: it ends before </definition>
    "#]],
    );
    check(
        "<ioc>\n <definition>&evil;</definition></ioc>",
        expect![[r#"
        error: feed feed is not well-formed OpenIOC: line 2, column 14: at 1..5: unrecognized entity `evil`
    "#]],
    );
}
