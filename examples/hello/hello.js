// Greets: the smallest action of kind nodejs.
function main(args) {
  const name = args.name ?? "stranger";
  console.log(`greeting ${name}`);
  return { greeting: `Hello, ${name}!` };
}
