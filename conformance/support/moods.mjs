/** The messages of the suite: 90 of three moods, by fixed rules, so that a student can learn them. */
import { moodOf } from './upstream.mjs'

const openings = {
  good: ['Thank you for', 'Great work with', 'I love'],
  bad: ['Broken again:', 'I am angry about', 'I want a refund for'],
  neutral: ['A question about', 'When will you ship', 'Please tell me more about'],
}
const things = [
  'the blue lamp',
  'my order',
  'your app',
  'the invoice',
  'the new desk',
  'shipping',
  'the manual',
  'my account',
  'the chair',
  'the cable',
]

export const messages = Object.values(openings).flatMap((words) =>
  words.flatMap((word) => things.map((thing) => `${word} ${thing}`)),
)

export const rows = messages.map((text) => ({ text, mood: moodOf(text) }))

export const chatLine = ({ text, mood }) =>
  JSON.stringify({
    messages: [
      { role: 'system', content: 'What is the mood?' },
      { role: 'user', content: text },
      { role: 'assistant', content: mood },
    ],
  })

/** Every third row is held out. */
export const training = rows.filter((_, index) => index % 3 !== 0)
export const heldOut = rows.filter((_, index) => index % 3 === 0)
