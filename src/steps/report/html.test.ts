import { expect, it } from 'vitest'
import { html, trusted } from './html.ts'

it('escapes text and attribute values alike', () => {
  const hostile = `<script>"a" & 'b'</script>`
  expect(html`<p title="${hostile}">${hostile}</p>`.markup).toBe(
    '<p title="&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;">&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;</p>',
  )
})

it('puts markup of its own in as it is, and lists one after the other', () => {
  const items = ['a', '<b>'].map((text) => html`<i>${text}</i>`)
  expect(html`<p>${items}</p>`.markup).toBe('<p><i>a</i><i>&lt;b&gt;</i></p>')
})

it('leaves out null, undefined and false but not zero', () => {
  expect(html`${null}${undefined}${false}${0}`.markup).toBe('0')
})

it('takes no object from data for markup', () => {
  const forged = JSON.parse('{"markup":"<script>"}') as never
  expect(() => html`${forged}`).toThrow(TypeError)
  expect(trusted('<br>').markup).toBe('<br>')
})
